-- operators
id + 1
id - 5
id * 2
id / 2
id % 3
-id
id div 2
null / 0
cast(null as int) % 0
dec / nullif(id, 1)
tiny + 1
small * 2
small * 1000
big + 1
f + 1
f * 2
d / 3
d * d
dec + 1
dec * 2
dec * dec
dec - 0.5
id + dec
id + d
dec + d
f + d
id = '1'
'5' + 1
 '-' 
 dec
 ''
f 
b 
day 
at
dec / 3
dec / dec
id / dec
3 / dec
1 / 3.0
1.5 / 2
2.5 * 2
0.1 + 0.2
dec + big
dec * big
dec * small
dec % 3
dec % dec
CAST(99999999.99 AS DECIMAL(10,2)) % 2
dec div 2
(dec + 1) / 2
100 * dec / 3
dec / 100 * 2
dec * (1 - 0.2)
dec + f
CAST(dec AS DECIMAL(12,4)) * CAST(dec AS DECIMAL(30,10))
CAST(1 AS DECIMAL(38,10)) / CAST(3 AS DECIMAL(38,10))
CAST(1 AS DECIMAL(38,18)) * CAST(3 AS DECIMAL(38,18))
CAST(99999999.99 AS DECIMAL(10,2)) * CAST(99999999.99 AS DECIMAL(10,2))
f + f
f * big
f - id
f / 2
f * 1.5
(SELECT max(dec) FROM t) / 4
big div id
try_divide(dec, 3)
9223372036854775808
9223372036854775807
-9223372036854775808
12345678901234567890 + 1
n + 1
1 - n
n * d
n / 2
n % 5
n div 5
n + dec
n - big
-n

-- numbers
abs(id)
abs(dec)
sign(d)
ceil(d)
floor(d)
round(d)
round(d, 1)
round(dec)
round(dec, 1)
bround(d)
bround(2.5)
round(2.5)
round(-2.5)
round(id, -1)
sqrt(d)
cbrt(d)
exp(1)
ln(d)
log10(d)
log2(d)
log(2, 8)
log(d)
pow(d, 2)
power(2, 3)
mod(id, 3)
pmod(-7, 3)
pmod(id, 3)
greatest(id, 2)
least(id, 2, NULL)
greatest(s, u)
rint(d)
degrees(1)
radians(180)
sin(d)
cos(d)
tan(d)
atan2(1, 2)
hypot(3, 4)
factorial(5)
pi()
e()
isnan(d)
nanvl(d, 0)
width_bucket(5.3, 0.2, 10.6, 5)
hex(id)
hex(s)
unhex('41')
bin(13)
shiftleft(id, 2)
shiftright(16, 2)
id & 3
 4
id ^ 1
~id
bit_count(7)
round(dec * 1.1, 2)
round(dec, -1)
round(dec / 3, 2)
ceil(dec)
floor(dec)
sign(dec)
sign(id)
signum(d)
getbit(id, 1)
bround(dec, 1)
positive(id)
negative(id)
try_mod(id, 0)
try_mod(id, 2)
expm1(1)
log1p(1)
csc(1)
sec(1)
cot(1)
sinh(1)
cosh(1)
tanh(1)
asinh(1)
acosh(2)
asin(1)
acos(1)
getbit(5, 0)
round(1.005D, 2)
round(2.675D, 2)
round(-1.005D, 2)
round(d, 1)
round(d)
round(-2.5D)
round(0.5D)
round(1e20D, 2)
round(d * 1.1, 1)
round(123456789.125D, 2)
round(0.00012345D, 7)
round(n)
abs(n)
sqrt(abs(n))
floor(n)
round(f, 1)
round(1250.5D, -2)

-- texts
length(s)
char_length(u)
octet_length(u)
bit_length(s)
upper(s)
lower(s)
ucase(s)
lcase(u)
initcap(u)
trim(u)
ltrim(u)
rtrim(u)
trim(BOTH 'x' FROM 'xxax')
trim(LEADING '0' FROM '007')
btrim(u)
lpad(s, 8, '*')
rpad(s, 3)
lpad(s, 2)
substring(s, 2, 3)
substr(s, -2)
substring(s, 0, 2)
left(s, 2)
right(s, 2)
concat(s, '-', u)
concat_ws('-', s, NULL, u)
concat_ws(',', sarr)
repeat(s, 2)
reverse(s)
replace(s, 'e', 'E')
translate(s, 'el', '12')
instr(s, 'l')
locate('l', s)
locate('l', s, 4)
position('l' IN s)
split(u, ' ')
split(u, '[ ,]+')
split_part(u, ' ', 1)
substring_index('a.b.c', '.', 2)
substring_index('a.b.c', '.', -1)
regexp_replace(s, 'l+', 'L')
regexp_extract(u, '(\\w+) (\\w+)', 2)
regexp_extract(s, 'x')
regexp_extract_all(u, '(\\w+)', 1)
regexp_like(s, '^h')
regexp_count(s, 'l')
regexp_substr(s, 'l+')
regexp_instr(s, 'l')
s RLIKE 'l+'
s LIKE 'h%'
s NOT LIKE '%z%'
s ILIKE 'H%'
s LIKE ANY ('h%', 'z%')
s LIKE ALL ('h%', '%o')
ascii(s)
chr(65)
char(66)
levenshtein(s, 'help')
format_string('%s-%d', s, id)
printf('%05d', id)
format_number(d, 2)
format_number(1234567.891, 1)
base64(s)
unbase64('YQ==')
md5(s)
sha1(s)
sha2(s, 256)
overlay(s PLACING 'XX' FROM 2)
startswith(s, 'h')
endswith(s, 'o')
contains(s, 'll')
find_in_set('b', 'a,b,c')
space(3)
elt(2, 'a', 'b')
encode(s, 'utf-8')
decode(encode(s, 'utf-8'), 'utf-8')
url_encode('a b')
url_decode('a+b')
mask('AbC-12')
quote(s)
s || id
id || '-' || dec
d || ''
f || ''
b || ''
day || ''
at || ''
id | 4
octet_length(bin)
length(bin)
regexp(s, 'l+')
to_binary('616263', 'hex')
to_binary('abc', 'utf-8')
ilike(s, 'H%')
like(s, 'h%')
length(encode(s, 'utf-8'))
length(b)
length(id)

-- casts and types
CAST(id AS STRING)
CAST(d AS STRING)
CAST(dec AS STRING)
CAST(f AS STRING)
CAST(b AS STRING)
CAST(day AS STRING)
CAST(at AS STRING)
CAST(1e20 AS STRING)
CAST(1e-5 AS STRING)
CAST(CAST(100 AS DOUBLE) AS STRING)
CAST(d AS INT)
CAST(-2.7 AS INT)
CAST('12' AS INT)
CAST(' 12 ' AS INT)
try_cast('abc' AS INT)
CAST('1e3' AS DOUBLE)
CAST('true' AS BOOLEAN)
CAST('yes' AS BOOLEAN)
CAST('t' AS BOOLEAN)
CAST(1 AS BOOLEAN)
CAST(b AS INT)
CAST('2024-1-5' AS DATE)
CAST('2024-01-05 10:00' AS TIMESTAMP)
CAST(at AS DATE)
CAST(day AS TIMESTAMP)
CAST(at AS BIGINT)
CAST(12.345 AS DECIMAL(10,1))
CAST('12.345' AS DECIMAL(10,1))
CAST(id AS DECIMAL(10,2))
try_cast(300 AS TINYINT)
CAST(d AS DECIMAL(5,2))
CAST(arr AS STRING)
int('5')
string(5)
double('1.5')
boolean('true')
date('2024-01-01')
CAST(NULL AS INT)
CAST('NaN' AS DOUBLE)
CAST('inf' AS DOUBLE)
id::string
'5'::int
typeof(id)
typeof(1.5)
typeof(arr)
typeof(st)
typeof(id / 2)
typeof(sum(id) OVER ())
typeof(tiny + 1)
typeof(count(*) OVER ())
typeof('a')
typeof(NULL)
typeof(day)
typeof(at)
typeof(round(dec, 1))
typeof(ceil(d))
CAST(1.005D AS DECIMAL(10,2))
CAST(d AS DECIMAL(10,1))
CAST(2.675D AS DECIMAL(10,2))
CAST(1e20D AS DECIMAL(38,2))
CAST(-0.5D AS DECIMAL(3,0))
CAST(f AS DECIMAL(10,4))
try_cast(1e20D AS DECIMAL(10,2))
CAST(1704067200 AS TIMESTAMP)
CAST(id AS TIMESTAMP)
CAST(d AS TIMESTAMP)

-- nulls and conditions
coalesce(NULL, id)
nvl(s, 'x')
nvl2(s, 1, 2)
ifnull(s, 'x')
nullif(id, 1)
if(id > 1, 'a', 'b')
CASE WHEN id = 1 THEN 'one' ELSE 'other' END
CASE id WHEN 1 THEN 'x' END
decode(id, 1, 'one', 2, 'two', 'z')
zeroifnull(NULL)
nullifzero(0)
id IS NULL
s IS NOT NULL
id IS DISTINCT FROM NULL
id <=> NULL
b AND NULL
NOT b
id BETWEEN 1 AND 2
id IN (1, 3)
id NOT IN (1, NULL)
s IN ('hello')
isnull(s)
isnotnull(s)
equal_null(s, NULL)
assert_true(true)
nvl(NULL, 5)
coalesce(dec, 0)
CASE WHEN id = 1 THEN dec ELSE 0 END
if(b, dec, 1.5)
greatest(dec, 1)
st = named_struct('a', 1, 'b', 'x')
st = struct(1, 'x')
st = named_struct('x', 1, 'y', 'x')
struct(1, 2) < struct(1, 3)
named_struct('a', 1) = named_struct('b', 1)
st IN (named_struct('p', 1, 'q', 'x'))
(id, s) = (1, 'hello')
(id, s) IN ((1, 'hello'), (2, 'x'))
struct(id, s) = struct(1 AS a, 'hello' AS b)
struct(1, 'a') IN (struct(1 AS x, 'a' AS y))
named_struct('p', struct(1)) = named_struct('q', struct(1))
n = 12
id = n
n < big
n <=> id
n <> 5
n BETWEEN 1 AND 20
n IN (12, 3)
id IN ('1', '2')
n > dec
n >= d
n > '5'
td = day
day = td
day > '2024-01-01'
td BETWEEN day AND day
at > td
b = 'true'
CASE WHEN n > 5 THEN 'more' ELSE 'less' END
if(n + 1 > 5, 1, 0)
nvl2(dec, dec, 0.5) / 3
named_struct('x', dec).x / 3
array(dec)[0] / 3
element_at(array(dec), 1) / 3
map('k', dec)['k'] / 3
transform(array(dec), x -> x / 3)
filter(array(n), x -> x > 5)
transform(array(dec), (x, i) -> x * i)
exists(array(n, '1'), x -> x > 10)
transform(transform(array(dec), x -> x / 3), y -> y / 2)
array(1, 2.5)[1] / 3
struct(dec AS y).y / 3
st.a / 2
st.a + 1

-- days and times
year(day)
month(day)
day(day)
dayofmonth(day)
dayofweek(day)
weekday(day)
dayofyear(day)
weekofyear(day)
quarter(day)
hour(at)
minute(at)
second(at)
extract(YEAR FROM at)
extract(DOW FROM day)
extract(SECOND FROM at)
date_part('month', day)
date_add(day, 5)
date_sub(day, 5)
day + 1
day - 1
datediff(day, DATE'2024-01-01')
date_diff(DAY, DATE'2024-01-01', day)
timestampdiff(HOUR, TIMESTAMP'2024-01-01 00:00:00', at)
datediff(MONTH, DATE'2024-01-31', DATE'2024-03-01')
add_months(day, 1)
add_months(DATE'2024-01-31', 1)
months_between(DATE'2024-03-31', DATE'2024-01-15')
last_day(day)
next_day(day, 'MON')
trunc(day, 'MM')
trunc(day, 'YEAR')
date_trunc('HOUR', at)
date_trunc('week', at)
date_trunc('QUARTER', at)
date_format(at, 'yyyy-MM-dd HH:mm')
date_format(day, 'EEEE')
date_format(day, 'MMM d, yyyy')
date_format(at, 'yyyyMMdd')
date_format(at, 'hh:mm a')
to_date('2024-03-05')
to_date('05/03/2024', 'dd/MM/yyyy')
to_timestamp('2024-03-05 10:11:12')
to_timestamp('05-03-2024 10:11', 'dd-MM-yyyy HH:mm')
unix_timestamp(at)
unix_timestamp('2024-01-01', 'yyyy-MM-dd')
from_unixtime(0)
from_unixtime(1700000000, 'yyyy-MM-dd')
timestamp_seconds(5)
timestamp_millis(5000)
unix_seconds(at)
unix_millis(at)
unix_date(day)
date_from_unix_date(5)
make_date(2024, 2, 29)
make_timestamp(2024, 1, 2, 3, 4, 5.5)
at + INTERVAL 1 DAY
day + INTERVAL 1 MONTH
at - INTERVAL '2' HOURS
day - INTERVAL 10 DAYS
dateadd(MONTH, 1, day)
dateadd(day, 3)
timestampadd(MINUTE, 5, at)
date_add(MONTH, 1, day)
monthname(day)
dayname(day)
to_utc_timestamp(at, 'Asia/Seoul')
from_utc_timestamp(at, 'America/New_York')
convert_timezone('UTC', 'Asia/Tokyo', TIMESTAMP_NTZ'2024-01-01 00:00:00')
day > '2024-01-01'
at < '2024-06-01'
day = CAST('2024-02-29' AS DATE)
try_to_timestamp('x')
day - DATE'2024-01-01'
day - day
date_add(day, 3) - day
date_diff(HOUR, at, at)
datediff(at, day)
timestampdiff(DAY, at, at)
year('2024-05-06')
year(day) + 1
date_diff(day, DATE'2024-01-01')
extract(WEEK FROM day)
extract(YEAROFWEEK FROM day)
extract(DAYS FROM day)
extract(MINUTE FROM at)
extract(DOY FROM day)
extract(QUARTER FROM day)
date_part('SECOND', at)
date_part('dow', day)
hour('2024-05-06 07:08:09')
year(at)
atanh(0.5)
atan(1)
to_unix_timestamp('2024-01-01 00:00:00')
date_from_unix_date(1)
(day - DATE'2024-01-01') > INTERVAL 10 DAYS
extract(DAY FROM (day - DATE'2024-01-01'))
day + (day - DATE'2024-01-01')
hour('2024-05-06')

-- lists
size(arr)
cardinality(arr)
array_size(arr)
try_element_at(arr, 9)
get(arr, 9)
array(1, 2, 3)
array()
array_contains(arr, 2)
array_position(arr, 2)
array_distinct(array(1,1,2))
array_sort(array(3,1,NULL,2))
sort_array(array(3,1,NULL,2))
sort_array(array(3,1,2), false)
array_max(arr)
array_min(arr)
array_join(sarr, ',')
array_join(array('a',NULL,'b'), ',', '?')
array_union(arr, array(9))
array_intersect(arr, array(1,2))
array_except(arr, array(1))
array_remove(arr, 1)
array_repeat('x', 3)
array_append(arr, 9)
array_prepend(arr, 0)
array_insert(arr, 1, 7)
array_compact(array(1,NULL))
arrays_overlap(arr, array(1))
arrays_zip(arr, array(5,6))
flatten(array(array(1),array(2,3)))
slice(arr, 1, 2)
slice(arr, -2, 2)
reverse(arr)
sequence(1, 5)
sequence(5, 1)
sequence(1, 10, 3)
sequence(DATE'2024-01-01', DATE'2024-03-01', INTERVAL 1 MONTH)
transform(arr, x -> x + 1)
transform(arr, (x, i) -> x * i)
filter(arr, x -> x > 1)
exists(arr, x -> x > 1)
forall(arr, x -> x > 0)
aggregate(arr, 0, (acc, x) -> acc + x)
reduce(arr, 0, (acc, x) -> acc + x, acc -> acc * 10)
zip_with(arr, arr, (x, y) -> x + y)
arr = array(1,2,3)
concat(arr, array(4))
sequence(id, 5)
sequence(tiny, tiny)
sequence(CAST(1 AS BIGINT), 3)
array_sort(arr, (x, y) -> y - x)
array_sort(array(3, 1, 2), (x, y) -> CASE WHEN x < y THEN 1 WHEN x > y THEN -1 ELSE 0 END)
array_sort(array('bc', 'ab', 'dca'), (l, r) -> length(l) - length(r))
array_sort(sarr, (l, r) -> CASE WHEN l IS NULL AND r IS NULL THEN 0 WHEN l IS NULL THEN -1 WHEN r IS NULL THEN 1 WHEN l < r THEN -1 WHEN l > r THEN 1 ELSE 0 END)
size(shuffle(arr))
array_sort(array(1, 3, 2), (a, b) -> CASE WHEN a > b THEN -1 WHEN a < b THEN 1 ELSE 0 END)
array_sort(array('x', 'abc', 'bb'), (a, b) -> length(a) - length(b))
array_sort(arr, (a, b) -> (b - a) * id)

-- maps, structures and JSON
transform_values(map('a', array(1, 2)), (k, v) -> transform(v, k -> k + 1))
map_filter(map('a', 1, 'b', 2), (k, v) -> exists(array(1), k -> k = v))
transform_values(map('a', map('b', 1)), (k, v) -> transform_keys(v, (q, w) -> concat(k, q)))
map_filter(map('a', named_struct('k', 5)), (k, v) -> v.k = 5)
st.a
st.b
struct(id, s)
named_struct('x', id, 'y', s)
struct(id AS x).x
map('a', 1)
m['a']
m['zz']
element_at(m, 'a')
map_keys(m)
map_values(m)
map_entries(m)
map_contains_key(m, 'a')
map_from_arrays(array('k'), array(1))
map_from_entries(array(struct('k', 1)))
map_concat(m, map('z', 9))
map_filter(m, (k, v) -> v > 1)
transform_values(m, (k, v) -> v + 1)
transform_keys(m, (k, v) -> upper(k))
size(m)
str_to_map('a:1,b:2')
to_json(st)
to_json(m)
to_json(arr)
from_json('{"a":1}', 'a INT')
from_json('{"a":1}', 'a INT').a
from_json('[1,2]', 'array<int>')
get_json_object('{"a":{"b":2}}', '$.a.b')
get_json_object('{"a":[1,2]}', '$.a[1]')
json_array_length('[1,2,3]')
json_object_keys('{"a":1,"b":2}')
try_add(id, 1)
try_divide(id, 0)
try_subtract(id, 1)
try_multiply(id, 2)

-- hashes
hash(id)
hash(s)
hash(id, s)
hash(big, d, f)
hash(dec)
hash(day)
hash(at)
hash(b)
hash(tiny, small)
hash(bin)
hash(arr)
hash(st)
hash(NULL)
hash('')
hash(1.5)
hash(CAST(-0.0 AS DOUBLE))
hash(CAST(1.5 AS DECIMAL(38,2)))
xxhash64(id)
xxhash64(s)
xxhash64(u)
xxhash64(id, s)
xxhash64(big, d, f)
xxhash64(dec)
xxhash64(day)
xxhash64(at)
xxhash64(b)
xxhash64(tiny, small)
xxhash64(bin)
xxhash64(arr)
xxhash64(st)
xxhash64('a', NULL)
xxhash64(CAST(1.5 AS DECIMAL(38,2)))
xxhash64(repeat(s, 20))
crc32(s)
crc32(bin)
crc32('ABC')
sha(s)
sha2(s, 512)
sha2(s, 0)
md5(bin)
typeof(hash(id))
typeof(xxhash64(id))
hash(array(st, NULL))
hash(array(array(1, 2), array(3)))
hash(sarr)
hash('abcdefg', 'abcdefgh')
hash(u)
hash(CAST('NaN' AS DOUBLE), CAST('NaN' AS FLOAT))
hash(CAST(-12345678901234567890.5 AS DECIMAL(38,2)))
hash(CAST(-1.28 AS DECIMAL(20,2)))
xxhash64(array(st, NULL))
xxhash64(sarr)
xxhash64(CAST(-12345678901234567890.5 AS DECIMAL(38,2)))
hash(day - day)
hash(year(day))
abs(hash(s)) % 10
pmod(hash(s), 4)
hash(TIMESTAMP_NTZ'2024-01-01 00:00:00')
crc32(u)
crc32(NULL)
hash(struct(id, s))
xxhash64(map_entries(m))
hash(map_keys(m))
hash(CAST(id AS BIGINT), d * 2)
hash(dec * 2)
hash(concat(s, 'x'))
hash(count(*) OVER ())

-- formats
conv('100', 2, 10)
conv('ff', 16, 10)
conv(id, 10, 16)
conv('-10', 16, -10)
conv('255', 10, 16)
conv('zz', 36, 10)
conv('1x', 10, 16)
conv('', 10, 16)
conv(' 12 ', 10, 2)
conv('-1', 10, 16)
to_char(454, '999')
to_char(454.00, '000D00')
to_char(12454, '99G999')
to_char(78.12, '$99.99')
to_char(-12454.8, '99G999D9S')
to_varchar(454, '999')
to_char(id, '999')
to_char(dec, '99D99')
to_char(dec, 'S99.99')
to_char(dec, 'MI99.99')
to_char(dec, '99.99PR')
to_char(12345.67, '999,999.99')
to_char(5, '000')
to_char(0.5, '9.9')
to_char(0.5, '0.9')
to_char(day, 'yyyy-MM')
to_char(at, 'HH:mm')
to_char(12345, '999')
to_number('454', '999')
to_number('454.00', '000.00')
to_number('12,454', '99,999')
to_number('$78.12', '$99.99')
to_number('12,454.8-', '99,999.9S')
try_to_number('abc', '999')
try_to_number('12', '999')
try_to_number(s, '999')
to_number('<12>', '99PR')
to_number('-5', 'MI9')
schema_of_json('{"a":1,"b":"x"}')
schema_of_json('[{"a":1.5,"c":[1,2],"d":{"e":true}}]')
schema_of_json('{"a":null, "b":12345678901}')
from_csv('1, 0.8', 'a INT, b DOUBLE')
from_csv('x,2024-01-02,"q,r"', 'a STRING, d DATE, q STRING')
from_csv(u, 'a STRING, b STRING')
from_csv('abc', 'a INT')
to_csv(struct(id, s))
to_csv(named_struct('a', 1, 'b', 'x,y'))
to_csv(named_struct('a', day, 'b', at))
to_csv(st)
try_to_date('2024-01-05')
try_to_date('x')
to_csv(named_struct('a', ' x ', 'b', '', 'c', 'a"b'))
to_csv(named_struct('a', 'l\nm', 'b', NULL, 'c', 'q\\r'))
to_csv(named_struct('a', '#x', 'b', 'a b', 'c', '\t'))
from_csv('1,2', 'a INT')
from_csv('', 'a INT, b STRING')
from_csv('1', 'a INT, b INT')
from_csv(' 1 , x ', 'a INT, b STRING')
from_csv('"a""b","c\\"d"', 'a STRING, b STRING')
from_csv('true,2024-01-02T03:04:05Z,1.25', 'a BOOLEAN, t TIMESTAMP, d DECIMAL(5,2)')
from_csv(CAST(NULL AS STRING), 'a INT')
from_csv('a,"",', 'a STRING, b STRING, c STRING')
conv('18446744073709551615', 10, 16)
conv('FFFFFFFFFFFFFFFF', 16, -10)
conv('-FF', 16, 10)
conv('x', 10, 16)
conv('10', 1, 10)
conv('10', 10, 37)
conv(NULL, 10, 2)
conv('1.9', 10, 2)
conv('+5', 10, 2)
to_char(-5, '999')
to_char(-5, 'S999')
to_char(-5, '999S')
to_char(5, '999S')
to_char(-5, '999MI')
to_char(5, '999MI')
to_char(1234.5, '9,999.00')
to_char(1234.5, '0,000,000.00')
to_char(0, '999')
to_char(0, '9')
to_char(0.05, '0.00')
to_char(0.05, '9.99')
to_char(1234.567, '9999.99')
to_char(-78.12, '$99.99')
to_char(-78.12, 'S$99.99')
to_char(78.12, '$9999.99')
to_char(NULL, '99')
to_char(12, '9G999')
to_char(1, '9,999,999')
to_char(0, '000.00')
to_char(1.5, '999')
to_char(d, '99.99')
to_char(big, '9999999999999999')
to_char(bin, 'hex')
to_char(bin, 'base64')
to_char(bin, 'utf-8')
to_char(5.0, '9.')
to_char(-0.5, '9.9PR')
to_char(0.5, '99.9PR')
to_char(12345678, '99,99,99,99')
to_number('1', '999')
to_number(' 12', '999')
to_number('12', '9,999')
to_number('1,2', '9,9')
to_number('+12', 'S99')
to_number('12', 'S99')
to_number('1.5', '9.99')
to_number('.5', '9.9')
to_number('5.', '9.9')
to_number('05', '00')
to_number('$5', '$9')
try_to_number('$5', '99')
try_to_number('1.5', '9')
try_to_number('1,234', '9,999')
to_number('1,234', '0,000')
try_to_number('234', '0,000')
try_to_number('12.345', '99.99')
try_to_number(NULL, '99')
try_to_number('-5', '9')
try_to_number('-5', '9S')
try_to_number('5-', '9S')
schema_of_json('[1,2.5]')
schema_of_json('[]')
schema_of_json('{}')
schema_of_json('1')
schema_of_json('"x"')
schema_of_json('null')
schema_of_json('{"a":[]}')
schema_of_json('{"a":[1,"x"]}')
schema_of_json('[{"a":1},{"a":2.5,"b":null}]')
schema_of_json('{"b":1,"a":{"z":1,"y":[{"q":true}]}}')
schema_of_json('{"a b":1}')
schema_of_json('{"a":12345678901234567890}')
schema_of_json('{"a":1e5}')
try_to_timestamp('05/03/2024', 'dd/MM/yyyy')
try_to_date('05/03/2024', 'dd/MM/yyyy')
to_char(12345, 'S999')
to_char(12345, '9G99')
to_char(12345, '9D9')
to_char(12345, '999MI')
to_char(12345, '99PR')
to_char(12345, '$99')
to_char(-0.5, 'S9.9')
to_char(-0.5, 'MI9.9')
to_char(78.12, 'S$9999.99')
to_char(12, 'S9,999')
to_char(-12, 'MI9,999')
to_char(-12, '9,999PR')
to_char(12, '9,000')
to_char(12, '0,999')
to_char(5, '09')
to_char(5, '90')
to_char(-0.5, '9.9')
to_char(0.5, '.9')
to_char(1234567, '9,999,999.99')
to_char(5, 's9')
to_number('1,2', '9,999')
to_number('1,234', '999,999')
to_number('1,234.5', '999,999.00')
to_number('1.5', '9.00')
to_number('1.50', '9.00')
to_number('12 ', '999')
to_number('1 2', '999')
to_number('-$5', 'S$9')
to_number('<5>', '9PR')
to_number('5', '9PR')
to_number('5', 'MI9')
to_number('5-', '9MI')
to_number('5', '9MI')
to_number('5', '9S')
to_number('5+', '9S')
to_number(id, '9')
to_number('.5', '.9')
to_number('005', '999')
to_csv(struct(dec, day, b))
from_csv('1,x', 'a INT, b STRING').a
from_csv('1, x', 'a INT, b STRING').b
from_csv('a b,"x" y', 'a STRING, b STRING')
from_csv('"1","2"', 'a INT, b INT')
from_csv('1.5,1e3', 'a INT, b DOUBLE')
from_csv('x,y', 'a STRING, b INT, c STRING')

-- parts of texts
soundex(s)
soundex('Miller')
soundex('Robert')
soundex('Rupert')
soundex('Tymczak')
soundex('Pfister')
soundex('Honeyman')
soundex('')
soundex(u)
parse_url('http://spark.apache.org/path?query=1', 'HOST')
parse_url('http://spark.apache.org/path?query=1', 'QUERY')
parse_url('http://spark.apache.org/path?query=1', 'QUERY', 'query')
parse_url('http://spark.apache.org/path?query=1&b=x%20y#frag', 'QUERY', 'b')
parse_url('http://u:p@spark.apache.org:8080/path?query=1#frag', 'AUTHORITY')
parse_url('http://u:p@spark.apache.org:8080/path?query=1#frag', 'USERINFO')
parse_url('http://u:p@spark.apache.org:8080/path?query=1#frag', 'FILE')
parse_url('http://u:p@spark.apache.org:8080/path?query=1#frag', 'REF')
parse_url('http://u:p@spark.apache.org:8080/path?query=1#frag', 'PROTOCOL')
parse_url('http://u:p@spark.apache.org:8080/path?query=1#frag', 'PATH')
parse_url('http://h', 'PATH')
parse_url('http://h', 'QUERY')
parse_url('http://h/', 'FILE')
parse_url(s, 'HOST')
try_parse_url('a b', 'HOST')
try_parse_url('http://h/x', 'HOST')
luhn_check('79927398713')
luhn_check('79927398714')
luhn_check(s)
luhn_check('')
split(u, '[ ,]+', 2)
split('oneAtwoBthreeC', '[ABC]', 2)
split('oneAtwoBthreeC', '[ABC]', -1)
split('oneAtwoBthreeC', '[ABC]', 0)
split('oneAtwoBthreeC', '[ABC]')
split('abc', '')
split('a,b,c', ',', 1)
split(s, 'l', id)
soundex('A')
soundex('Ashcraft')
soundex('Jackson')
soundex('o''Hara')
soundex('12')
soundex('Lloyd x')
soundex('a b c d')
parse_url('https://www.example.com/a?x=1&y=2&x=3', 'QUERY', 'x')
parse_url('https://www.example.com/a?x=1&y=2', 'QUERY', 'z')
parse_url('https://www.example.com/a?x=1&y=2', 'host')
parse_url('https://www.example.com/a?x=1&y=2', 'HOST', 'x')
try_parse_url('https://exa mple.com/a', 'HOST')
parse_url('mailto:a@b.c', 'PATH')
parse_url('mailto:a@b.c', 'HOST')
parse_url('ftp://h/a%20b/c', 'PATH')
parse_url('http://user@h:99/p', 'USERINFO')
parse_url('http://h', 'FILE')
parse_url('http://h?x=1', 'FILE')
parse_url('http://[::1]:80/x', 'HOST')
parse_url('/a/b?c=d', 'PATH')
parse_url('http://h_x/a', 'HOST')
parse_url('http://h/ü', 'PATH')
parse_url('', 'HOST')
luhn_check('4111 1111 1111 1111')
luhn_check('0')
luhn_check(id)
luhn_check('-1')
split('a1b22c', '\\d+', 2)
split('abc', '', 2)
split('', ',')
split('', ',', 2)
split(',a,', ',')
split('a.b.c', '.')
split('a.b.c', '\\.', 2)
split('aXbXc', 'X', 5)
split('a|b', '|')
split('a(b)c', '(\\()')
split(NULL, ',', 2)

-- values as texts
CAST(st AS STRING)
CAST(m AS STRING)
CAST(sarr AS STRING)
CAST(array(NULL, 1) AS STRING)
CAST(struct(d, dec, day, at) AS STRING)
CAST(array(struct(id, s)) AS STRING)
CAST(map('a', NULL) AS STRING)
CAST(map(id, array(s)) AS STRING)
CAST(array(array(1, NULL), NULL) AS STRING)
CAST(array(d, NULL) AS STRING)
CAST(array(at) AS STRING)
CAST(array(f) AS STRING)
CAST(array(b) AS STRING)
CAST(array(bin) AS STRING)
CAST(bin AS STRING)
concat('x', CAST(st AS STRING))
to_json(struct(at))
to_json(struct(day, d, dec))
to_json(named_struct('a', at, 'b', array(at)))
to_json(map('a', NULL, 'b', 1))
to_json(map('a', at))
to_json(struct(m))
to_json(array(st))
to_json(struct(array(1, NULL) AS x))
to_json(struct(f, b, s))
to_json(struct(bin))
to_json(named_struct('a', NULL, 'b', named_struct('c', NULL)))
to_json(array(map('a', CAST(NULL AS INT))))
to_json(struct(CAST('NaN' AS DOUBLE) AS x))
to_json(struct(1e20 AS x, CAST(100 AS DOUBLE) AS y))
CAST(struct(map('a', array(1, NULL)), NULL AS x) AS STRING)
CAST(struct(TIMESTAMP_NTZ'2024-01-01 10:00:00' AS t) AS STRING)
CAST(array('a, b', '', NULL) AS STRING)
CAST(array(1e20, 1.5e-7, 100, 12345678) AS STRING)
CAST(array(CAST(0.1 AS FLOAT), CAST(1e10 AS FLOAT), CAST('NaN' AS FLOAT)) AS STRING)
CAST(map(1, st) AS STRING)
concat_ws(',', CAST(st AS STRING), 'x')
to_json(struct('a"b\\c/d\n' AS x))
to_json(struct('ü€' AS x, '\u0001' AS y))
to_json(map(1, 'x'))
to_json(struct(TIMESTAMP_NTZ'2024-01-01 10:00:00' AS t))
to_json(array(1.50, NULL))
to_json(array())
to_json(named_struct('a', array(named_struct('b', CAST(NULL AS INT)))))
to_json(struct(big, tiny))
to_json(struct(CAST(1.5e-7 AS DOUBLE) AS x, CAST(123456789 AS DOUBLE) AS y))
to_json(map('t', TIMESTAMP'2024-01-01 10:00:00.5'))
CAST(day - DATE'2024-01-01' AS INT)
CAST(day - DATE'2024-01-01' AS STRING)
to_json(named_struct('n', count(*) OVER ()))
to_json(struct(sum(id) OVER () AS n, avg(dec) OVER () AS a))
to_json(collect_list(s) OVER ())
from_json(to_json(st), 'a INT, b STRING')
get_json_object(to_json(struct(id, s)), '$.s')

-- texts taken for other values
trim(n) + 1
concat('1', '2') + 1
replace(n, ' ', '') * 2
upper(n) = 12
regexp_extract('a12', '([0-9]+)', 1) + 1
split('1,2', ',')[0] + 1
element_at(split('1,2', ','), 2) * 2
st.b = 'x'
m['a'] + '1'
date_format(day, 'yyyy') + 1
get_json_object('{"a": 5}', '$.a') + 1
coalesce(n, 0)
coalesce(n, id)
coalesce(id, n)
coalesce(td, day)
coalesce(day, td)
coalesce(big, '5')
coalesce(dec, n)
coalesce(d, n)
coalesce(f, 0)
coalesce(f, dec)
coalesce(small, big)
coalesce(n, 0) + 1
ifnull(n, 0)
nvl(n, id)
nvl2(n, id, s)
nullif(n, 12)
nullif(id, '1')
nullif(day, '2024-02-29')
if(b, n, 0)
if(b, id, '7')
if(b, day, '2024-01-01')
CASE WHEN b THEN n ELSE 0 END
CASE WHEN b THEN id ELSE '5' END
CASE WHEN b THEN day ELSE td END
CASE n WHEN 12 THEN 1 ELSE 2 END
CASE id WHEN '1' THEN 'a' ELSE 'b' END
CASE day WHEN '2024-02-29' THEN 1 END
CASE WHEN n > 5 THEN 'big' WHEN n < 0 THEN 'neg' END
greatest(id, 2.5)
greatest(day, DATE'2024-01-01')
least(d, id)
greatest(id, d, dec)
transform(array('1','2'), x -> x + 1)
transform(arr, x -> x + '1')
filter(array('1','12'), x -> x > 5)
exists(array('1','12'), x -> x > 5)
forall(array('1','12'), x -> x > 5)
aggregate(array('1','2'), 0D, (a, x) -> a + x)
aggregate(arr, '1', (a, x) -> concat(a, x))
zip_with(array('1'), array(2), (x, y) -> x + y)
transform_values(map('a', '1'), (k, v) -> v + 1)
transform_keys(map('1', 2), (k, v) -> k + 1)
map_filter(map('a', '1', 'b', '9'), (k, v) -> v > 5)
array_contains(arr, 2.0)
array_contains(sarr, 'a')
td - day
day - td
td > day
datediff(td, '2024-01-01')
datediff(day, td)
date_add(td, 1)
date_sub(td, 1)
add_months(td, 1)
last_day(td)
next_day(td, 'MON')
months_between(td, day)
year(td)
month(td)
dayofweek(td)
weekofyear(td)
quarter(td)
hour(td)
trunc(td, 'MM')
date_trunc('month', td)
date_format(td, 'yyyy/MM')
to_date(td)
to_timestamp(td)
unix_timestamp(td, 'yyyy-MM-dd')
td + INTERVAL 1 DAY
day + INTERVAL '1' DAY
date_diff(DAY, td, day)
timestampdiff(HOUR, td, at)
td BETWEEN day AND at
day BETWEEN '2024-01-01' AND '2024-12-31'
at BETWEEN '2024-01-01' AND td
at = '2024-05-06 07:08:09.123456'
b IN ('true', 'false')
n IN (12, 5)
id IN ('1', '3')
id IN ('1', 3)
n IN ('12', 'x')
day IN ('2024-02-29')
n BETWEEN 5 AND 20
id BETWEEN '1' AND '2'
sqrt(n)
round(n, 1)
ceil(n)
pow(n, 2)
power('2', 3)
mod(n, 5)
pmod(n, 5)
exp('1')
ln(n)
log(2, n)
log10('100')
log2('8')
sin('1')
atan2('1', 2)
cbrt('27')
hypot('3', 4)
sign(n)
degrees('1')
radians('180')
factorial('5')
bin('5')
hex('5')
n & 1
id | '1'
bround('2.5')
width_bucket('5', 0, 10, 5)
isnan('NaN')
nanvl('1', 2)
char('65')
chr('65')
space('3')
repeat('a', '3')
substring('hello', '2', '3')
left('hello', '2')
lpad('a', '5', 'x')
make_date('2024', '1', '2')
date_from_unix_date('5')
from_unixtime('0')
slice(arr, '1', 2)
concat(id, n)
concat_ws('-', id, n, day)
n LIKE '1%'
id LIKE '1%'
upper(id)
try_add(n, 1)
try_subtract(n, 1)
try_multiply(n, 2)
try_divide(n, 2)
try_add(id, n)
-- aggregates
count(*)
count(id)
count(DISTINCT s)
count(id, s)
sum(id)
sum(dec)
sum(d)
sum(tiny)
avg(id)
mean(d)
min(s)
max(day)
min(dec)
max(f)
stddev(d)
stddev_pop(d)
stddev_samp(id)
variance(d)
var_pop(d)
var_samp(d)
corr(id, d)
covar_pop(id, d)
covar_samp(id, d)
skewness(d)
kurtosis(d)
median(d)
percentile(d, 0.5)
percentile(d, array(0.25, 0.75))
percentile_approx(d, 0.5)
approx_percentile(id, 0.5)
percentile_cont(0.5) WITHIN GROUP (ORDER BY d)
percentile_disc(0.5) WITHIN GROUP (ORDER BY d)
sort_array(collect_list(id))
sort_array(collect_set(s))
sort_array(array_agg(id))
first(id)
first_value(id)
last(id)
any_value(b) IS NOT NULL
first(s, true)
max_by(s, d)
min_by(s, d)
bool_and(b)
bool_or(b)
every(b)
some(b)
count_if(id > 1)
bit_and(id)
bit_or(id)
bit_xor(id)
sum(id) FILTER (WHERE id > 1)
count(*) FILTER (WHERE b)
sum(DISTINCT id)
regr_slope(d, id)
regr_r2(d, id)
try_avg(id)
try_sum(id)
sum(CASE WHEN b THEN 1 ELSE 0 END)
max(struct(d, s)).s
size(collect_set(id))
avg(b::int)
sum(NULL)
sum(1)
count(NULL)
avg(dec)
avg(dec * 2)
sum(dec * dec)
sum(dec) / count(*)
mean(dec)
avg(dec) FILTER (WHERE id > 1)
avg(DISTINCT dec)
typeof(avg(dec))
any(b)
any(id > 2)
skewness(d) FILTER (WHERE id > 0)
max(dec)
approx_count_distinct(id)
count_if(b)
regr_count(d, id)
hash(sum(id))
xxhash64(count(*), sum(dec))
any(b) FILTER (WHERE id > 1)
kurtosis(d) FILTER (WHERE id > 1)
to_json(collect_list(s))
CAST(collect_list(id) AS STRING)
CAST(struct(sum(id) AS a) AS STRING)
sum(n)
avg(n)
max(n)
stddev(n)
median(n)
median(dec)
median(id)
try_sum(9223372036854775807)
try_sum(dec)
try_sum(d)
sum(id) FILTER (WHERE n > 5)
max_by(dec, id) / 3
round(avg(d), 2)
round(sum(n), 1)
count_if(n > 5)

-- windows
row_number() OVER (ORDER BY id)
rank() OVER (ORDER BY b)
dense_rank() OVER (ORDER BY b)
percent_rank() OVER (ORDER BY id)
cume_dist() OVER (ORDER BY id)
ntile(2) OVER (ORDER BY id)
lag(id) OVER (ORDER BY id)
lag(id, 1, 0) OVER (ORDER BY id)
lead(s, 2) OVER (ORDER BY id)
first_value(s) OVER (PARTITION BY b ORDER BY id)
last_value(s) OVER (ORDER BY id)
nth_value(s, 2) OVER (ORDER BY id)
sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
avg(d) OVER (PARTITION BY b)
count(*) OVER ()
sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING)
max(d) OVER (PARTITION BY b ORDER BY id)
lag(s) IGNORE NULLS OVER (ORDER BY id)
collect_list(id) OVER (ORDER BY id)
avg(dec) OVER ()
sum(dec) OVER (PARTITION BY b)
sum(dec * 1.1) OVER ()
rank() OVER (ORDER BY b) + 1
skewness(d) OVER ()
kurtosis(d) OVER ()
skewness(d) OVER (PARTITION BY b)
skewness(d) OVER (ORDER BY id)
sum(dec) OVER ()
typeof(avg(dec) OVER ())
typeof(sum(dec) OVER ())
typeof(row_number() OVER (ORDER BY id))
any(b) OVER ()
kurtosis(d) OVER (ORDER BY id)
skewness(id) OVER (PARTITION BY 1)
mode(id) OVER ()

-- statements
SELECT sum(dec) / count(dec), sum(id) / count(id) FROM t WHERE false
SELECT dec / n FROM (SELECT dec, row_number() OVER (ORDER BY id) n FROM t) ORDER BY 1
SELECT dec / lag(dec) OVER (ORDER BY id) FROM t ORDER BY id
SELECT b, count(*) FROM t GROUP BY b ORDER BY b
SELECT b, s, sum(id) FROM t GROUP BY ROLLUP(b, s) ORDER BY 1,2,3
SELECT b, s, sum(id) FROM t GROUP BY CUBE(b, s) ORDER BY 1,2,3
SELECT b, s, grouping(b), sum(id) FROM t GROUP BY GROUPING SETS ((b),(s),()) ORDER BY 1,2,3,4
SELECT b, count(*) AS n FROM t GROUP BY ALL ORDER BY ALL
SELECT * EXCEPT (arr, sarr, st, m, bin, at) FROM t ORDER BY id
SELECT id, e FROM t LATERAL VIEW explode(arr) x AS e ORDER BY id, e
SELECT id, e FROM t LATERAL VIEW OUTER explode(arr) x AS e ORDER BY id, e
SELECT id, p, e FROM t LATERAL VIEW posexplode(arr) x AS p, e ORDER BY id, p
SELECT id, explode(arr) FROM t ORDER BY 1, 2
SELECT id, k, v FROM t LATERAL VIEW explode(m) x AS k, v ORDER BY 1,2
SELECT id, x.* FROM t, LATERAL (SELECT explode(arr) AS e) x ORDER BY 1,2
SELECT stack(2, 1, "a", 2, "b")
SELECT * FROM VALUES (1, "a"), (2, "b") AS v(x, y) ORDER BY x
SELECT * FROM range(3)
SELECT * FROM range(2, 8, 2)
SELECT DISTINCT b FROM t ORDER BY b
SELECT b FROM t ORDER BY b DESC NULLS FIRST
SELECT b FROM t ORDER BY b
SELECT s FROM t ORDER BY s DESC
SELECT id FROM t ORDER BY id LIMIT 1 OFFSET 1
SELECT a.id, b.id FROM t a LEFT JOIN t b ON a.id = b.id + 1 ORDER BY 1,2
SELECT a.id FROM t a LEFT SEMI JOIN t b ON a.id = b.id + 1 ORDER BY 1
SELECT a.id FROM t a LEFT ANTI JOIN t b ON a.id = b.id + 1 ORDER BY 1
SELECT count(*) FROM t a CROSS JOIN t b
SELECT id FROM t UNION SELECT 1 ORDER BY 1
SELECT id FROM t EXCEPT SELECT 1 ORDER BY 1
SELECT id FROM t MINUS SELECT 1 ORDER BY 1
SELECT id FROM t INTERSECT SELECT 1
WITH c AS (SELECT id FROM t WHERE b) SELECT * FROM c ORDER BY 1
SELECT * FROM (SELECT b, id FROM t) PIVOT (sum(id) FOR b IN (true, false))
SELECT * FROM (SELECT id, d, f FROM t) UNPIVOT (v FOR k IN (d, f)) ORDER BY 1,2
SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY id DESC) = 1 ORDER BY id
SELECT id, (SELECT max(d) FROM t) FROM t ORDER BY id
SELECT id FROM t WHERE id IN (SELECT id FROM t WHERE b) ORDER BY 1
SELECT id FROM t x WHERE EXISTS (SELECT 1 FROM t y WHERE y.id > x.id) ORDER BY 1
SELECT id AS a, a + 1 AS c FROM t ORDER BY 1
SELECT `id` FROM t WHERE s = "hello"
SELECT b, sum(id) s FROM t GROUP BY b HAVING s > 1 ORDER BY b
SELECT count(*) c FROM t TABLESAMPLE (100 PERCENT)
SELECT transform(arr, x -> x * id) FROM t ORDER BY id
SELECT ID, S FROM T ORDER BY Id
SELECT t.* FROM t ORDER BY t.id LIMIT 0
FROM t SELECT id ORDER BY id
FROM t |> WHERE id > 1 |> SELECT id |> ORDER BY id
SELECT 1 AS a, 2 AS a
SELECT date_format(at, "yyyy") y, count(*) FROM t GROUP BY y ORDER BY y
SELECT CASE WHEN id > 1 THEN "hi" ELSE "lo" END g, avg(d) FROM t GROUP BY 1 ORDER BY 1
SELECT id, sum(d) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY id) ORDER BY id
SELECT /*+ BROADCAST(t) */ id FROM t ORDER BY id -- x
SELECT "it''s" AS q, 'a\\nb' AS r, r'a\nb' AS w
SELECT id FROM t ORDER BY rand() LIMIT 0
SELECT id, s FROM t DISTRIBUTE BY id SORT BY id
SELECT id FROM t CLUSTER BY id
SELECT map_from_arrays(collect_list(id), collect_list(s)) IS NOT NULL FROM t WHERE s IS NOT NULL
SELECT b, sum(dec) / 2 AS half FROM t GROUP BY b ORDER BY b
SELECT x / 3 AS y FROM (SELECT dec AS x FROM t) ORDER BY 1
WITH c AS (SELECT *, dec * 2 AS twice FROM t) SELECT twice / 7, avg(twice) OVER () FROM c ORDER BY 1
SELECT a.dec / b.dec FROM t a JOIN t b ON a.id = b.id ORDER BY 1
SELECT window.start, window.end, count(*) FROM t GROUP BY window(at, '1 day') ORDER BY 1
SELECT window(at, '10 minutes'), count(*) FROM t GROUP BY window(at, '10 minutes') ORDER BY 1
SELECT w.start, sum(id) FROM (SELECT window(at, '1 hour') AS w, id FROM t) GROUP BY w ORDER BY 1
SELECT s, window(at, '1 day').start AS d, count(*) FROM t GROUP BY s, window(at, '1 day') ORDER BY 1
SELECT a.id FROM t a JOIN t b ON a.st = b.st ORDER BY 1
SELECT date_format(window.start, 'yyyy-MM-dd') AS d, count(*) FROM t WHERE at IS NOT NULL GROUP BY window(at, '1 week') ORDER BY 1
SELECT window(at, '7 days', '1 day').start, count(*) FROM t WHERE id = 1 GROUP BY window(at, '7 days', '1 day') ORDER BY 1
SELECT window(day, '1 day'), count(*) FROM t GROUP BY window(day, '1 day') ORDER BY 1
SELECT window, count(*) FROM t GROUP BY window(at, '90 seconds') ORDER BY 1
SELECT b, window.start, count(*) FROM t GROUP BY b, window(at, '1 hour') ORDER BY 1, 2
SELECT window.start FROM t GROUP BY window(at, '1 hour') HAVING count(*) > 0 ORDER BY window.start
SELECT id, window(at, '1 hour') AS w FROM t ORDER BY id
SELECT b, any(id > 2) FROM t GROUP BY b ORDER BY b
SELECT skewness(x) FROM VALUES (1), (2), (10), (NULL) v(x)
SELECT kurtosis(x) FROM VALUES (1) v(x)
SELECT id, pos, e FROM t LATERAL VIEW posexplode(arr) x AS pos, e ORDER BY id, pos
SELECT id, posexplode(arr) FROM t ORDER BY id, pos
SELECT posexplode(arr) AS (p, e) FROM t ORDER BY p, e
SELECT posexplode(array(st)) FROM t ORDER BY 1
SELECT a.id FROM t a JOIN t b ON a.st = b.st WHERE a.st = struct(1, 'x')
SELECT x / 3 FROM (SELECT * EXCEPT (id) FROM (SELECT id, dec AS x FROM t)) ORDER BY 1
SELECT e / 3 FROM (SELECT explode(array(dec)) AS e FROM t) ORDER BY 1
SELECT e / 3 FROM t LATERAL VIEW explode(array(dec)) x AS e ORDER BY 1
SELECT a.id FROM t a JOIN t b ON a.id = b.n ORDER BY 1
SELECT a.id, b.n FROM t a JOIN t b ON b.n = a.id + 11 ORDER BY 1
SELECT id FROM t WHERE n > 5 ORDER BY 1
SELECT id FROM t WHERE n = 12.0 ORDER BY 1
SELECT n, count(*) FROM t GROUP BY n HAVING n > 5
SELECT id FROM t WHERE n + 1 = 13
SELECT b, round(avg(d / id), 2) r FROM t GROUP BY b HAVING r > 0 ORDER BY r
SELECT 1 WHERE '10' > 9
SELECT count(*) FROM t WHERE id > '1'
SELECT sum(1 / (id - 1)) FILTER (WHERE id > 1) FROM t
SELECT count(1 % (id - 1)) FILTER (WHERE id > 1) FROM t
SELECT id FROM t WHERE CASE WHEN n > 5 THEN n ELSE '1' END > 5
SELECT id, round(round(d * 1.1, 3) / 3, 2) FROM t ORDER BY id
SELECT round((SELECT avg(d) FROM t), 2), round(sum(d) / count(*), 3) FROM t
SELECT id, round(d / id, 2) FROM t ORDER BY id
SELECT x.id FROM t x JOIN (SELECT n AS k FROM t) y ON y.k = x.id + 11
SELECT n, count(*) FROM t WHERE n <> 5 GROUP BY n ORDER BY n
SELECT max(n) > 5, min(n) + 1 FROM t
SELECT id FROM t WHERE n = 12 AND td >= '2024-01-01' AND day = td
SELECT coalesce(n, '3') * 2 FROM t ORDER BY 1
SELECT datediff(day, td), datediff(td, '2024-01-01') FROM t ORDER BY 1
SELECT abs(-9223372036854775808 + 1), -9223372036854775808
SELECT datediff(MONTH, day, at) FROM t ORDER BY 1
SELECT median(DISTINCT d), avg(DISTINCT n), stddev(DISTINCT n), sum(DISTINCT n) FROM t
SELECT median(DISTINCT id) FROM t
SELECT id FROM t WHERE n IN (SELECT 12) ORDER BY id
SELECT id FROM t WHERE n IN (SELECT id + 11 FROM t) ORDER BY id
SELECT id FROM t WHERE id IN (SELECT n - 10 FROM t WHERE n IS NOT NULL) ORDER BY id
SELECT id FROM t WHERE day IN (SELECT td FROM t) ORDER BY id
SELECT id FROM t WHERE td IN (SELECT day FROM t) ORDER BY id
SELECT t.id FROM t LEFT SEMI JOIN (SELECT '1' AS k) x ON t.id = x.k ORDER BY 1
SELECT t.id FROM t LEFT ANTI JOIN (SELECT '1' AS k) x ON t.id = x.k ORDER BY 1
SELECT id FROM t LEFT ANTI JOIN (SELECT '1' AS id) x USING (id) ORDER BY 1
SELECT id FROM t JOIN (SELECT '1' AS id) x USING (id)
SELECT id FROM t NATURAL JOIN (SELECT '1' AS id) x
SELECT x + 1 AS c FROM (SELECT n FROM t) AS v(x) ORDER BY 1
WITH c(x) AS (SELECT n FROM t) SELECT x + 1 AS d FROM c ORDER BY 1
WITH c(x) AS (SELECT n FROM t) SELECT x FROM c WHERE x = 12
SELECT col1 + 1 AS c FROM VALUES ('1'), ('2') ORDER BY 1
SELECT col1 + 1 AS c FROM VALUES ('1', 2), ('2', 3) WHERE col2 = '2'
SELECT * FROM VALUES ('1', 2), ('2', 3) WHERE col1 = 2
SELECT id, lag(n) OVER (ORDER BY id) + 1 AS c FROM t ORDER BY id
SELECT id, sum(n) OVER (ORDER BY id) AS c FROM t ORDER BY id
SELECT id, sum(id) OVER (PARTITION BY n = 12 ORDER BY id) AS c FROM t ORDER BY id
SELECT id, row_number() OVER (ORDER BY n + 1) AS c FROM t ORDER BY id
SELECT id, row_number() OVER (PARTITION BY n > 5 ORDER BY n - 1 DESC) AS c FROM t ORDER BY id
SELECT id FROM t ORDER BY n + 1
SELECT id FROM t ORDER BY n * -1 DESC
SELECT count(*) AS c FROM t GROUP BY n + 1 ORDER BY 1
SELECT n + 1 AS k, count(*) AS c FROM t GROUP BY n + 1 ORDER BY 1
SELECT n + 1 AS k, count(*) AS c FROM t GROUP BY 1 ORDER BY 1
SELECT n + 1 AS k, count(*) AS c FROM t GROUP BY ALL ORDER BY 1
SELECT count(*) AS c FROM t HAVING max(n) > 5
SELECT id FROM t QUALIFY max(n) OVER () > 5 ORDER BY id
SELECT max(n) + 1 AS c FROM t
SELECT n AS c FROM t UNION ALL SELECT id FROM t ORDER BY 1
SELECT id AS c FROM t UNION ALL SELECT n FROM t ORDER BY 1
SELECT id AS c FROM t UNION SELECT '1' ORDER BY 1
SELECT id AS c FROM t INTERSECT SELECT n FROM t ORDER BY 1
SELECT id AS c FROM t EXCEPT SELECT '1' ORDER BY 1
SELECT day AS c FROM t UNION ALL SELECT td FROM t ORDER BY 1
SELECT day AS c FROM t UNION ALL SELECT at FROM t ORDER BY 1
SELECT d AS c FROM t UNION ALL SELECT n FROM t ORDER BY 1
SELECT dec AS c FROM t UNION ALL SELECT n FROM t ORDER BY 1
SELECT dec AS c FROM t UNION ALL SELECT id FROM t ORDER BY 1
SELECT dec AS c FROM t UNION ALL SELECT d FROM t ORDER BY 1
SELECT f AS c FROM t UNION ALL SELECT id FROM t ORDER BY 1
SELECT tiny AS c FROM t UNION ALL SELECT small FROM t ORDER BY 1
SELECT b AS c FROM t UNION ALL SELECT 'true' ORDER BY 1
SELECT c + 1 AS x FROM (SELECT id AS c FROM t UNION ALL SELECT n FROM t) ORDER BY 1
SELECT NULL AS c UNION ALL SELECT n FROM t ORDER BY 1
SELECT * FROM (VALUES (1), (2.5)) AS v(x) ORDER BY 1
SELECT * FROM (VALUES (1), (null), (2)) AS v(x) ORDER BY 1
SELECT t.id FROM t JOIN (SELECT n AS k FROM t) x ON t.id + 11 = x.k
SELECT id FROM t WHERE EXISTS (SELECT 1 FROM t AS o WHERE o.n = t.id + 11) ORDER BY id
SELECT id FROM t WHERE id = (SELECT max(n) - 11 FROM t) ORDER BY id
SELECT id FROM t WHERE n = (SELECT 12) ORDER BY id
SELECT id FROM t WHERE (SELECT n FROM t WHERE id = 1) = id + 11 ORDER BY id
SELECT (SELECT n FROM t WHERE id = 1) + 1 AS c
SELECT sum(n) AS c FROM t
SELECT avg(n) AS c FROM t
SELECT max(n) > 5 AS c FROM t
SELECT stddev(n) AS c FROM t
SELECT corr(n, id) AS c FROM t
SELECT covar_samp(n, id) AS c FROM t
SELECT median(n) AS c FROM t
SELECT percentile(n, 0.5) AS c FROM t
SELECT percentile_approx(n, 0.5) AS c FROM t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS c FROM t
SELECT var_pop(n) AS c FROM t
SELECT skewness(n) AS c FROM t
SELECT kurtosis(n) AS c FROM t
SELECT regr_slope(n, id) AS c FROM t
SELECT count_if(n > 5) AS c FROM t
SELECT bool_or(n > 5) AS c FROM t
SELECT sum(CASE WHEN n > 5 THEN 1 ELSE 0 END) AS c FROM t
SELECT sum(if(n > 5, n, 0)) AS c FROM t
SELECT max_by(s, n + 0) AS c FROM t
SELECT sum(n) FILTER (WHERE n > 0) AS c FROM t
SELECT sum(CAST(s AS INT)) FILTER (WHERE s = 'x') AS c FROM t
SELECT CAST(id AS DECIMAL) AS c FROM t ORDER BY 1
SELECT CAST(1.7 AS DECIMAL) AS c
SELECT DECIMAL('1.5') AS c
SELECT CAST('12.7' AS DEC) AS c
SELECT CAST('12.7' AS NUMERIC) AS c
SELECT CAST(1700000000.123456789 AS TIMESTAMP) AS c
SELECT CAST(-1.9999999 AS TIMESTAMP) AS c
SELECT round(1e16 + 2, 2) AS c
SELECT round(123456789012345678D, 1) AS c
SELECT round(1.005D, 2) AS c
SELECT round(2.5D) AS c
SELECT round(-1234.5D, -2) AS c
SELECT CAST('NaN' AS DOUBLE) AS c
SELECT CAST(CAST('NaN' AS DOUBLE) AS DECIMAL(10,2)) AS c
SELECT try_cast(CAST('NaN' AS DOUBLE) AS DECIMAL(10,2)) AS c
SELECT x / 2 AS c FROM (SELECT dec FROM t) AS v(x) ORDER BY 1
SELECT e / 2 AS c FROM (SELECT explode(array(1.5, 2.5)) AS e)
SELECT k, v / 2 AS c FROM (SELECT explode(map('a', 1.5))  AS (k, v))
SELECT v / 2 AS c FROM t LATERAL VIEW explode(map('a', 1.5)) x AS k, v WHERE id = 1
SELECT e / 2 AS c FROM t LATERAL VIEW explode(array(dec)) x AS e WHERE id = 1
SELECT c1 / 2 AS c FROM (SELECT inline(array(struct(1.5 AS c1))))
SELECT pos, e / 2 AS c FROM (SELECT posexplode(array(1.5)) AS (pos, e))
SELECT * FROM (SELECT id + 1 FROM t) ORDER BY 1
SELECT `(id + 1)` FROM (SELECT id + 1 FROM t) ORDER BY 1
SELECT `count(1)` FROM (SELECT count(*) FROM t)
SELECT * FROM (SELECT count(*) FROM t)
WITH c AS (SELECT max(id), s FROM t GROUP BY s) SELECT `max(id)` FROM c ORDER BY 1
SELECT td::date - day AS c FROM t ORDER BY 1
SELECT e + 1 AS c FROM (SELECT explode(array('1', '2')) AS e)
SELECT e + 1 AS c FROM t LATERAL VIEW explode(sarr) x AS e WHERE id > 5
SELECT e.b + 1 AS c FROM (SELECT explode(array(struct('1' AS b))) AS e)
SELECT col + 1 AS c FROM (SELECT explode(array('1', '2')))
SELECT key + 1 AS k, value + 1 AS v FROM (SELECT explode(map('1', '2')))
SELECT a + 1 AS c FROM (SELECT stack(2, '1', '2') AS a)
SELECT a.x + 1 AS c FROM (SELECT struct(n AS x) AS a FROM t) ORDER BY 1
SELECT a.* FROM (SELECT struct(n AS x, id) AS a FROM t) ORDER BY 2
SELECT (a.x + 1) AS c FROM (SELECT named_struct('x', n) AS a FROM t) ORDER BY 1
SELECT collect_list(n)[0] + 1 AS c FROM t
SELECT first(n) + 1 AS c FROM t
SELECT array_agg(n)[0] = 12 AS c FROM t
SELECT any_value(n) = 12 AS c FROM (SELECT * FROM t WHERE id = 1)
SELECT string(id) + 1 AS c FROM t ORDER BY 1
SELECT cast(id AS string) + 1 AS c FROM t ORDER BY 1
SELECT id::string = 1 AS c FROM t ORDER BY id
SELECT n::int + 1 AS c FROM t ORDER BY 1
SELECT id, n = 12 AND s = 'hello' AS c FROM t ORDER BY id
SELECT x.n + y.id AS c FROM t x CROSS JOIN t y ORDER BY 1
SELECT n + 1 AS c FROM (SELECT DISTINCT n FROM t) ORDER BY 1
SELECT n + 1 AS c FROM (SELECT * EXCEPT (id) FROM t) ORDER BY 1
SELECT n2 + 1 AS c FROM (SELECT n AS n1, n1 AS n2 FROM t) ORDER BY 1
FROM t |> SELECT n + 1 AS c |> ORDER BY c
SELECT * FROM (SELECT id, n, s FROM t) UNPIVOT (v FOR k IN (n, s)) ORDER BY id, k
SELECT v + 1 AS c FROM (SELECT id, n FROM t) UNPIVOT (v FOR k IN (n)) ORDER BY 1
SELECT max(c) AS c FROM (SELECT n AS c FROM t UNION ALL SELECT s FROM t)
SELECT CASE WHEN n IN (SELECT 12) THEN 1 ELSE 0 END AS c FROM t ORDER BY 1
SELECT (n, id) IN (SELECT 12, 1) AS c FROM t ORDER BY 1
SELECT (id, s) = (1, 'hello') AS c FROM t ORDER BY 1
SELECT array(1, '2') AS c
SELECT array(n, id) AS c FROM t ORDER BY id
SELECT map('a', 1, 'b', '2') AS c
SELECT array(1, 2.5, 3D) AS c
SELECT id FROM t LIMIT 1 + 1
SELECT id, rank() OVER (ORDER BY d / id) AS c FROM t ORDER BY id
SELECT id, rank() OVER (ORDER BY CAST(d AS INT)) AS c FROM t ORDER BY id
SELECT id, rank() OVER (PARTITION BY CAST(n AS INT) ORDER BY d % id) AS c FROM t ORDER BY id
SELECT id, sum(d / id) OVER (ORDER BY id) AS c FROM t ORDER BY id
SELECT s, rank() OVER (ORDER BY sum(d) / count(*)) AS c FROM t GROUP BY s ORDER BY 2
SELECT s, rank() OVER (ORDER BY sum(d) / sum(id)) AS c FROM t GROUP BY s ORDER BY 2
SELECT s, rank() OVER (ORDER BY sum(d) / sum(id) DESC, max(CAST(d AS INT)) DESC) AS c FROM t GROUP BY s ORDER BY 2
SELECT id, ntile(2) OVER (ORDER BY d / id) AS c FROM t ORDER BY id
SELECT id FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY d / id DESC) = 1 ORDER BY id
SELECT id, rank() OVER w AS c FROM t WINDOW w AS (ORDER BY d / id) ORDER BY id
SELECT id, lag(d / id) OVER (ORDER BY id) AS c FROM t ORDER BY id
SELECT s, max(d) / min(d) AS q FROM t GROUP BY s HAVING max(d) / min(d) >= 1 ORDER BY q, s
SELECT s, max(d) / min(d) AS q FROM t GROUP BY s HAVING q >= 1 ORDER BY q, s
SELECT d / id AS q, count(*) AS c FROM t GROUP BY d / id ORDER BY d / id
SELECT d / id AS q, count(*) AS c FROM t GROUP BY q HAVING q > 1 ORDER BY 1
SELECT id, CASE WHEN id > 5 THEN raise_error('x') ELSE id END AS c FROM t ORDER BY id
SELECT id FROM t WHERE id <> 2 AND 1 / (id - 2) > -5 ORDER BY id
SELECT CASE WHEN id <> 2 THEN 1 / (id - 2) END AS c FROM t ORDER BY id
SELECT coalesce(id, 1 / 0) AS c FROM t ORDER BY id
SELECT if(id > 0, id, 1 / 0) AS c FROM t ORDER BY id
SELECT sum(d) / sum(id) AS q, sum(d) / sum(id) + 1 AS p FROM t HAVING q > 0
SELECT d / id AS q, q * 2 AS p FROM t ORDER BY 1
SELECT CAST(n AS INT) AS q, q * 2 AS p FROM t ORDER BY 1
SELECT CAST(n AS INT) AS q, max(d) AS p FROM t GROUP BY q HAVING q > 1 ORDER BY 1
SELECT b, max(n + 1) AS q FROM t GROUP BY b HAVING q > 1 ORDER BY 1
SELECT array_sort(array(3, 1, 2), (a, b) -> a - b) AS c
SELECT * FROM (SELECT id + 1, d FROM t) ORDER BY 1
SELECT x.`(id + 1)` FROM (SELECT id + 1 FROM t) AS x ORDER BY 1
SELECT `count(1)`, `max(id)` FROM (SELECT count(*), max(id) FROM t)
WITH c AS (SELECT max(id), s FROM t GROUP BY s) SELECT * FROM c ORDER BY 1
SELECT * FROM (SELECT id + 1 FROM t UNION ALL SELECT 5) ORDER BY 1
SELECT `(id + 1)` FROM (SELECT id + 1 FROM t UNION ALL SELECT 5) ORDER BY 1
SELECT * FROM (VALUES (1, 'a'), (2, 'b'))
SELECT col1 FROM (VALUES (1, 'a'), (2, 'b'))
SELECT col2 FROM VALUES (1, 'a'), (2, 'b') AS v WHERE v.col1 = 2
SELECT v.* FROM VALUES (1, 'a'), (2, 'b') AS v ORDER BY col1
SELECT * FROM VALUES 1, 2
VALUES (1, 'a'), (2, 'b')
SELECT col1 + 1 FROM VALUES 1, 2
WITH c AS (VALUES (1, 'a')) SELECT col1 FROM c
WITH c(k, v) AS (VALUES (1, 'a')) SELECT k FROM c
SELECT col FROM (SELECT explode(array(1, 2)))
SELECT * FROM (SELECT explode(array(1, 2)))
SELECT key, value FROM (SELECT explode(map('a', 1)))
SELECT * FROM (SELECT explode(map('a', 1)))
SELECT key + 1 AS k FROM (SELECT explode(map(1, 1)))
SELECT pos, col FROM (SELECT posexplode(array(1, 2)))
SELECT a, b FROM (SELECT inline(array(struct(1 AS a, 2 AS b))))
SELECT a + b AS c FROM (SELECT inline(array(struct(1 AS a, 2 AS b))))
SELECT col0 FROM (SELECT stack(2, 1, 2))
SELECT col0 + 1 AS c FROM (SELECT stack(2, 1, 2))
SELECT a + 1 AS c FROM (SELECT stack(2, 1, 2) AS (a))
SELECT * FROM (SELECT id, CAST(d AS INT) FROM t) ORDER BY id
SELECT * FROM (SELECT s, upper(s), s IS NULL, id > 1 FROM t) ORDER BY 1
SELECT a FROM (SELECT st.a FROM t) ORDER BY 1
SELECT * FROM (SELECT 1, 'x', 1.5, null, true)
SELECT `1`, x FROM (SELECT 1, 'x')
SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) FROM t) ORDER BY id
SELECT * FROM t AS x JOIN (SELECT max(id) FROM t) AS y ON x.id = y.`max(id)`
SELECT id FROM t WHERE id IN (SELECT max(id) FROM t)
SELECT id FROM t WHERE EXISTS (SELECT 1) ORDER BY id
SELECT (SELECT max(id) FROM t) AS c
SELECT * FROM (SELECT s, count(*) FROM t GROUP BY s HAVING count(*) > 0) ORDER BY 1
SELECT * FROM (SELECT s, sum(d) FROM t GROUP BY s ORDER BY sum(d))
SELECT * FROM (SELECT DISTINCT id % 2 FROM t) ORDER BY 1
SELECT * FROM (SELECT id % 2, count(*) FROM t GROUP BY id % 2) ORDER BY 1
SELECT * FROM (SELECT id % 2, count(*) FROM t GROUP BY 1) ORDER BY 1
SELECT * FROM (SELECT id + 1 FROM t ORDER BY id + 1 LIMIT 2)
SELECT * FROM (SELECT id + 1, id + 1 AS b FROM t) ORDER BY 1
SELECT * FROM (SELECT current_date() IS NULL)
SELECT * FROM LATERAL (SELECT 1 + 1)
SELECT id, x.* FROM t, LATERAL (SELECT id + 1) AS x ORDER BY id
SELECT k, v FROM (SELECT id, n FROM t) UNPIVOT (v FOR k IN (n)) ORDER BY 1
SELECT u.v FROM (SELECT id, n FROM t) UNPIVOT (v FOR k IN (n)) AS u ORDER BY 1
SELECT id FROM t WHERE id NOT IN (SELECT CAST(x AS STRING) FROM VALUES (1), (3) AS v(x)) ORDER BY id
SELECT * FROM (SELECT s, d, id FROM t) PIVOT (count(*) AS n FOR s IN ('hello' AS h, 'World' AS w)) ORDER BY id
SELECT * FROM (SELECT s, d, id FROM t) PIVOT (count(*) FOR s IN ('hello', 'World')) ORDER BY id
SELECT * FROM (SELECT id, dec FROM t) PIVOT (avg(dec) FOR id IN (1, 2))
SELECT * FROM (SELECT id, dec FROM t) PIVOT (sum(dec / 3) FOR id IN (1, 2))
SELECT `1` FROM (SELECT id, dec FROM t) PIVOT (sum(dec) FOR id IN (1, 2))
SELECT a FROM (SELECT id, dec FROM t) PIVOT (sum(dec) FOR id IN (1 AS a, 2 AS b))
SELECT * FROM (SELECT s, d FROM t) PIVOT (sum(d) FOR s IN ('hello', 'World'))
SELECT * FROM (SELECT s, d, id FROM t) PIVOT (sum(d) AS total, count(*) AS n FOR s IN ('hello' AS h, 'World' AS w)) ORDER BY id
SELECT p.h FROM (SELECT s, d, b FROM t) AS q PIVOT (max(d) FOR s IN ('hello' AS h)) AS p ORDER BY h
SELECT * FROM (SELECT b, d FROM t) PIVOT (sum(d) FOR b IN (true, false))
SELECT * FROM (SELECT day, d FROM t) PIVOT (sum(d) FOR day IN (DATE'2024-02-29' AS a))
SELECT * FROM (SELECT s, n, b FROM t) PIVOT (sum(n) FOR s IN ('hello')) ORDER BY b
SELECT hello + 1 AS c FROM (SELECT s, n, b FROM t) PIVOT (sum(n) FOR s IN ('hello')) WHERE b
SELECT * FROM (SELECT id, s, b, d FROM t) PIVOT (sum(d) FOR (s, b) IN (('hello', true) AS x, ('World', false) AS y)) ORDER BY id
SELECT * FROM (SELECT s, d, id FROM t) PIVOT (first(d) FOR s IN ('hello', 'World')) ORDER BY id
SELECT * FROM (SELECT s, d, id FROM t) PIVOT (sum(d) FOR s IN ('hello', NULL)) ORDER BY id
SELECT * FROM (SELECT s, d, id FROM t) PIVOT (sum(d), max(d) FOR s IN ('hello')) ORDER BY id
WITH q AS (SELECT s, d FROM t) SELECT * FROM q PIVOT (sum(d) FOR s IN ('hello'))
SELECT * FROM (SELECT id % 2 AS k, d FROM t) PIVOT (sum(d) FOR k IN (0, 1))
SELECT id, key, value FROM t, LATERAL explode(m) ORDER BY id, key
SELECT id, explode(m) FROM t ORDER BY id, key
SELECT * FROM (SELECT explode(m) FROM t) ORDER BY key
SELECT explode(map('a', 1, 'b', 2))
SELECT key FROM (SELECT id, explode(m) FROM t) ORDER BY key
SELECT t.id, e.key, e.value FROM t, LATERAL explode(m) AS e ORDER BY 1, 2
SELECT t.id, k FROM t LATERAL VIEW explode(m) AS k, v ORDER BY 1, 2
SELECT id, n FROM t WHERE n > (SELECT avg(id) FROM t)
SELECT id FROM t WHERE EXISTS (SELECT 1 FROM t o WHERE o.n > t.id) ORDER BY id
SELECT id FROM t ORDER BY CAST(n AS INT) NULLS LAST
SELECT id, first_value(s) OVER (PARTITION BY d / id > 1 ORDER BY id) AS c FROM t ORDER BY id
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY b ORDER BY d / id DESC) AS r FROM t) WHERE r = 1 ORDER BY id
SELECT s, count(*) AS c FROM t GROUP BY s HAVING count(*) / 3 > 0.1 ORDER BY s
SELECT id, d / sum(d) OVER () AS c FROM t ORDER BY id
SELECT id, 100.0 * d / sum(d) OVER () AS c FROM t ORDER BY id
SELECT id, round(d / id, 2) AS r, r * 2 AS c FROM t ORDER BY id
SELECT t1.id, t2.id AS x FROM t t1 LEFT JOIN t t2 ON t1.n = t2.id + 11 ORDER BY 1
SELECT coalesce(t2.n, 0) AS c FROM t t1 LEFT JOIN t t2 ON t1.id = t2.id + 1 ORDER BY t1.id
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) AS c FROM r
WITH a AS (SELECT n FROM t), b AS (SELECT n + 1 AS m FROM a) SELECT m FROM b ORDER BY 1
SELECT x.a + 1 AS c FROM (SELECT n AS a FROM t UNION ALL SELECT u FROM t WHERE false) AS x ORDER BY 1
SELECT CAST(n AS INT) + CAST(td AS DATE) AS c FROM t ORDER BY 1
SELECT sum(CASE WHEN s = 'hello' THEN d ELSE 0 END) / count(*) AS c FROM t
SELECT sum(d) / nullif(sum(id), 0) AS c FROM t
SELECT try_divide(sum(d), sum(id)) AS c FROM t
SELECT id, try_divide(d, id - 1) AS c FROM t ORDER BY id
SELECT id, nullif(id - 1, 0) AS c, d / nullif(id - 1, 0) AS q FROM t ORDER BY id
SELECT id FROM t WHERE id > 1 AND d / (id - 1) > 0 ORDER BY id
SELECT id, CASE WHEN id = 1 THEN 0 ELSE d / (id - 1) END AS c FROM t ORDER BY id
SELECT stddev(d) / avg(d) AS cv FROM t
SELECT b, avg(d) / max(d) AS q FROM t GROUP BY b ORDER BY avg(d) / max(d), b
SELECT id, dense_rank() OVER (ORDER BY coalesce(n, 0)) AS c FROM t ORDER BY id
SELECT id, lead(n, 1, 0) OVER (ORDER BY id) AS c FROM t ORDER BY id
SELECT id, lag(n, 1, '0') OVER (ORDER BY id) AS c FROM t ORDER BY id
SELECT explode(sarr) AS e FROM t
SELECT id, e FROM t LATERAL VIEW explode(sarr) AS e ORDER BY id, e
SELECT id, k, v FROM t LATERAL VIEW explode(m) AS k, v ORDER BY id, k
SELECT id, e.col FROM t, LATERAL explode(arr) AS e ORDER BY id, e.col
SELECT id, explode_outer(arr) AS e FROM t ORDER BY id, e
SELECT named_struct('a', n).a + 1 AS c FROM t ORDER BY 1
SELECT (SELECT count(*) FROM t o WHERE o.n = t.n) AS c FROM t ORDER BY id
SELECT s IN ('hello', NULL) AS c FROM t ORDER BY id
SELECT id IN (NULL, 1) AS c FROM t ORDER BY id
SELECT NOT (n = 12) AS c FROM t ORDER BY id
SELECT n <=> 12 AS c FROM t ORDER BY id
SELECT n IS DISTINCT FROM 12 AS c FROM t ORDER BY id
SELECT td = day OR b AS c FROM t ORDER BY id
SELECT at::date = td AS c FROM t ORDER BY id
SELECT day + 1 = '2024-03-01' AS c FROM t ORDER BY id
SELECT current_date() > td AS c FROM t ORDER BY id
SELECT current_timestamp() > td AS c FROM t ORDER BY id
SELECT date_sub('2024-03-01', 1) AS c
SELECT '2024-03-01' - INTERVAL 1 DAY AS c
SELECT date'2024-03-01' - '2024-02-28' AS c
SELECT datediff(current_date(), '2020-01-01') > 100 AS c
SELECT year('2024-03-01') + '1' AS c
SELECT month(td) = '2' AS c FROM t ORDER BY id
SELECT id FROM t WHERE td LIKE '2024%' AND month(td) IN ('1', 2) ORDER BY id
SELECT concat('a', NULL, id) AS c FROM t ORDER BY id
SELECT count(DISTINCT n) AS c, count(DISTINCT n, id) AS e FROM t
SELECT min(n) AS a, max(n) AS b, sum(n + 0) AS c FROM t
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC
VALUES (1), (2) LIMIT 1
SELECT id, id, s FROM t UNION ALL SELECT 1 AS x, 2 AS y, 'a' AS y ORDER BY 3, 1
SELECT a.id, b.id, a.s FROM t a JOIN t b ON a.id=b.id UNION ALL SELECT a.id, b.tiny AS x, b.s AS x FROM t a JOIN t b ON a.id=b.id ORDER BY 2
SELECT id AS a, id AS a, s AS c FROM t UNION ALL SELECT id AS a, tiny AS c, s AS c FROM t ORDER BY c, 2
SELECT f, f FROM t UNION ALL SELECT id, id FROM t ORDER BY 1
SELECT * FROM (SELECT id, f FROM t) a JOIN (SELECT id, f FROM t) b ON a.id=b.id UNION ALL SELECT * FROM (SELECT id, d FROM t) a JOIN (SELECT id, d FROM t) b ON a.id=b.id ORDER BY 2
SELECT id, id, n FROM t UNION ALL SELECT 1, 2, 3 ORDER BY 3
SELECT 1, 1 UNION ALL SELECT '2', '3' ORDER BY 1
SELECT * FROM (SELECT 1, 1 UNION ALL SELECT 2, '3') ORDER BY 1
SELECT * FROM (SELECT id, n FROM t) a JOIN (SELECT n, id FROM t) b ON a.id = b.id UNION SELECT 1, 2, 3, 4 ORDER BY 1, 2
SELECT id FROM t WHERE (id, n) IN (SELECT n, n FROM t)
SELECT id FROM t WHERE td + INTERVAL 1 DAY > day ORDER BY id
SELECT CAST(NULL AS DECIMAL) AS c
SELECT id FROM t WHERE at >= '2024'
SELECT id FROM t WHERE day >= '2024' ORDER BY id
SELECT id FROM t WHERE day = '2024-02'
SELECT length(at) AS c FROM t ORDER BY id
SELECT s LIKE 1 AS c FROM t ORDER BY id
SELECT n LIKE 12 AS c FROM t ORDER BY id
SELECT locate('1', id) AS c FROM t ORDER BY id
SELECT position('1' IN id) AS c FROM t ORDER BY id
SELECT split(id, '1') AS c FROM t ORDER BY id
SELECT reverse(id) AS c FROM t ORDER BY id
SELECT ascii(id) AS c FROM t ORDER BY id
SELECT levenshtein(id, '1') AS c FROM t ORDER BY id
SELECT extract(YEAR FROM td) AS c FROM t ORDER BY id
SELECT date_diff(DAY, td, at) AS c FROM t ORDER BY id
SELECT date_diff(DAY, DATE'2024-02-28', at) AS c FROM t ORDER BY id
SELECT timestampdiff(DAY, td, at) AS c FROM t ORDER BY id
SELECT explode(str_to_map('a:1,b:2'))
SELECT e.col FROM t LATERAL VIEW explode(arr) e ORDER BY 1
SELECT key, value FROM t LATERAL VIEW explode(m) e ORDER BY 1
SELECT id, n AS Total FROM t UNION ALL SELECT 1, 5 ORDER BY Total
SELECT e.key FROM t LATERAL VIEW explode(m) e ORDER BY 1
SELECT posexplode_outer(array())
SELECT posexplode_outer(map()) AS (p, k, v)
SELECT posexplode(map('a', 1, 'b', 2))
SELECT posexplode(map('a', 1)) AS (p, k, v)
SELECT inline_outer(array(struct(1 AS a, 'x' AS b)))
SELECT inline(array(struct(1 AS a, 'x' AS b), struct(2 AS a, 'y' AS b))) AS (c, d)
SELECT c, d FROM VALUES (array(struct(1 AS a, 'x' AS b))) AS t(l) LATERAL VIEW inline(l) x AS c, d
SELECT a, b FROM VALUES (array(struct(1 AS a, 'x' AS b))) AS t(l) LATERAL VIEW inline(l) x
SELECT a, b FROM VALUES (array(struct(1 AS a, 'x' AS b))) AS t(l) LATERAL VIEW inline_outer(l) x
SELECT c, d FROM VALUES (1, array(struct(1 AS a, 'x' AS b))), (2, null) AS t(i, l) LATERAL VIEW OUTER inline(l) x AS c, d
SELECT id, c0, c1 FROM VALUES (1, '{"a": 1, "b": {"c": [1, 2]}}'), (2, 'no'), (3, null) AS t(id, j) LATERAL VIEW json_tuple(j, 'a', 'b') x AS c0, c1 ORDER BY id
SELECT json_tuple('{"a": "x", "b": true, "c": null}', 'a', 'b', 'c', 'd')
SELECT json_tuple('{"a": "x", "b": 1.50}', 'a', 'b') AS (x, y)
SELECT a.x, b.y FROM VALUES (array(1, 2), array('p', 'q')) AS t(l, m) LATERAL VIEW explode(l) a AS x LATERAL VIEW explode(m) b AS y ORDER BY 1, 2
SELECT y FROM VALUES (array(array(1, 2), array(3))) AS t(l) LATERAL VIEW explode(l) a AS x LATERAL VIEW explode(x) b AS y
SELECT id, x FROM VALUES (1, array(1, 2)), (2, null) AS t(id, l) LATERAL VIEW OUTER explode(l) AS x ORDER BY id, x
SELECT key, value FROM VALUES (map('a', 1)) AS t(m) LATERAL VIEW explode(m) y
SELECT y.key FROM VALUES (map('a', 1)) AS t(m) LATERAL VIEW explode(m) y
SELECT pos, col FROM VALUES (array('a')) AS t(l) LATERAL VIEW posexplode(l) y
SELECT stack(2, 1, 'a', 2)
SELECT stack(2, 1, 2) AS n
SELECT stack(2, 1, 'a', 2, 'b') AS (n, t)
SELECT * FROM VALUES (1, array(1, 2)), (2, array()) AS t(id, l) LEFT JOIN LATERAL explode(l) AS x(e) ON true ORDER BY id, e
SELECT t.id, e FROM VALUES (1, array(1, 2)), (2, array()) AS t(id, l) JOIN LATERAL explode_outer(l) AS x(e) ORDER BY 1, 2
SELECT id, e FROM VALUES (1, array(1, 2)) AS t(id, l), LATERAL (SELECT e FROM explode(l) AS y(e))
SELECT explode(array(1, 2)) AS e, 'x' AS k
SELECT explode(array(1.5, 2)) AS e
SELECT col / 2 FROM explode(array(1.5, 2))
SELECT e + '1' FROM explode(array(1, 2)) AS x(e)
SELECT * FROM explode(array('1', '2')) AS x(e) WHERE e = 1
SELECT * FROM explode_outer(map('a', 1))
SELECT * FROM explode(collection => array(1, 2))
SELECT explode(collection => array(1, 2))
SELECT count(*) FROM explode(sequence(1, 10))
SELECT id, (SELECT sum(col) FROM explode(l)) AS s FROM VALUES (1, array(1, 2)), (2, array(3)) AS t(id, l) ORDER BY id
SELECT explode(map('a', 1)) AS (k, v), 3 AS z
SELECT word, count(*) FROM VALUES ('a b a') AS t(s) LATERAL VIEW explode(split(s, ' ')) x AS word GROUP BY word ORDER BY word
SELECT t.id, x.e FROM VALUES (1, array(1)) AS t(id, l) JOIN VALUES (1, 'n') AS n(id, name) ON t.id = n.id LATERAL VIEW explode(t.l) x AS e
SELECT id, e FROM VALUES (1, array(1, 2)) AS t(id, l) LATERAL VIEW explode(l) x AS e WHERE e > 1
SELECT max(e) FROM VALUES (array(1, 2)) AS t(l) LATERAL VIEW explode(l) x AS e HAVING max(e) > 1
SELECT inline(array(struct(1, 2)))
SELECT inline(arrays_zip(array(1, 2), array('a', 'b')))
WITH c AS (SELECT explode(array(1, 2)) AS e) SELECT e FROM c
SELECT * FROM (SELECT posexplode(array(1, 2)))
SELECT * FROM (SELECT explode(map('a', 2)))
SELECT value / 2 FROM (SELECT explode(map('a', 2.5)))
SELECT id, col FROM (SELECT 1 AS id, explode(array('7'))) WHERE col > 6
SELECT explode_outer(array(1)) e
SELECT id FROM t LATERAL VIEW explode(array(1)) x AS e WHERE id = 1
SELECT t.*, e FROM VALUES (1, array(1)) AS t(id, l) LATERAL VIEW explode(l) x AS e
SELECT * FROM VALUES (1, array(1)) AS t(id, l) LATERAL VIEW explode(l) x AS e
SELECT a, b, a AND 1/b > 0 AS c FROM VALUES (false, 0), (true, 2), (null, 1) AS t(a, b)
SELECT a OR 1/b > 0 AS c FROM VALUES (true, 0), (false, 2) AS t(a, b)
SELECT NOT (a AND 1/b > 0) AS c FROM VALUES (false, 0), (true, 2) AS t(a, b)
SELECT (b <> 0 AND 10 % b = 0) AS c FROM VALUES (0), (2), (3) AS t(b)
SELECT b = 0 OR 10 / b > 4 AS c FROM VALUES (0), (2), (3) AS t(b)
SELECT b <> 0 AND c <> 0 AND 10 / b > 1 AND 10 / c > 1 AS x FROM VALUES (0, 1), (1, 0), (2, 2), (0, 0) AS t(b, c)
SELECT (b = 0 OR 10 / b > 4) AND (c = 0 OR 10 / c > 4) AS x FROM VALUES (0, 1), (1, 0), (2, 2), (0, 0) AS t(b, c)
SELECT count_if(b <> 0 AND 10 / b > 4) FROM VALUES (0), (2), (3) AS t(b)
SELECT bool_or(b <> 0 AND 10 / b > 4) FROM VALUES (0), (2), (3) AS t(b)
SELECT count(*) FILTER (WHERE b <> 0 AND 10 / b > 4) FROM VALUES (0), (2), (3) AS t(b)
SELECT sum(b) FILTER (WHERE b <> 0 AND 10 / b > 4) FROM VALUES (0), (2), (3) AS t(b)
SELECT b FROM VALUES (0), (2), (3) AS t(b) WHERE NOT (b = 0 OR 10 / b < 4) ORDER BY b
SELECT b FROM VALUES (0), (2), (3) AS t(b) WHERE (b <> 0 AND 10 / b > 4) IS TRUE
SELECT b FROM VALUES (0), (2), (3) AS t(b) WHERE (b <> 0 AND 10 / b > 4) = true
SELECT b FROM VALUES (0), (2), (3) AS t(b) ORDER BY b <> 0 AND 10 / b > 4, b
SELECT b <> 0 AND 10 / b > 4 AS k, count(*) FROM VALUES (0), (2), (3) AS t(b) GROUP BY b <> 0 AND 10 / b > 4 ORDER BY k
SELECT b <> 0 AND 10 / b > 4 AS k, count(*) FROM VALUES (0), (2), (3) AS t(b) GROUP BY 1 ORDER BY 1
SELECT if(b <> 0 AND 10 / b > 4, 'y', 'n') FROM VALUES (0), (2), (3) AS t(b)
SELECT CASE WHEN b <> 0 AND 10 / b > 4 THEN 'y' ELSE 'n' END FROM VALUES (0), (2), (3) AS t(b)
SELECT coalesce(b <> 0 AND 10 / b > 4, false) FROM VALUES (0), (2), (3) AS t(b)
SELECT s RLIKE '^[0-9]+$' AND CAST(s AS INT) > 5 AS c FROM VALUES ('7'), ('x'), ('3') AS t(s)
SELECT s FROM VALUES ('7'), ('x'), ('3') AS t(s) WHERE s RLIKE '^[0-9]+$' AND CAST(s AS INT) > 5
SELECT s IS NOT NULL AND s > 5 AS c FROM VALUES ('7'), (null), ('3') AS t(s)
SELECT s IS NULL OR to_date(s) > DATE'2024-01-01' AS c FROM VALUES ('2024-02-01'), (null) AS t(s)
SELECT filter(array(0, 1, 2), x -> x <> 0 AND 2 / x > 1) AS f
SELECT exists(array(0, 1, 2), x -> x <> 0 AND 2 / x > 1) AS f
SELECT sum(a) > 0 AND 10 / sum(a) > 1 AS c FROM VALUES (0), (0) AS t(a)
SELECT sum(a) <> 0 AND 10 / sum(a) > 1 AS c FROM VALUES (0), (0) AS t(a)
SELECT sum(a) OVER () <> 0 AND 10 / sum(a) OVER () > 1 AS c FROM VALUES (0), (0) AS t(a)
SELECT sum(a) FROM VALUES (0), (0) AS t(a) HAVING sum(a) <> 0 AND 10 / sum(a) > 1
SELECT a FROM VALUES (0), (2) AS t(a) QUALIFY sum(a) OVER (PARTITION BY a) <> 0 AND 10 / sum(a) OVER (PARTITION BY a) > 1
SELECT l.a FROM VALUES (0), (2) AS l(a) JOIN VALUES (1) AS r(b) ON l.a <> 0 AND 10 / l.a > b
SELECT l.a, r.b FROM VALUES (0), (2) AS l(a) LEFT JOIN VALUES (1) AS r(b) ON l.a <> 0 AND 10 / l.a > r.b ORDER BY l.a
SELECT (b <> 0 AND 10 / b > 4) <=> true FROM VALUES (0), (2) AS t(b)
SELECT max(b <> 0 AND 10 / b > 4) FROM VALUES (0), (2) AS t(b)
SELECT b BETWEEN 1 AND 5 AND 10 / b > 4 FROM VALUES (0), (2) AS t(b)
SELECT b <> 0 AND 10 / b > 4 FROM VALUES (0), (2) AS t(b)
SELECT struct(b <> 0 AND 10 / b > 4 AS f).f FROM VALUES (0), (2) AS t(b)
SELECT sum(CASE WHEN b = 0 THEN 0 WHEN b > 0 AND 10 / b > 4 THEN 1 END) FROM VALUES (0), (2) AS t(b)
SELECT l.a, r.b FROM VALUES (0, 1), (2, 2) AS l(a, id) LEFT JOIN VALUES (1, 1), (1, 2) AS r(b, id) ON l.id = r.id AND l.a <> 0 AND 10 / l.a > r.b ORDER BY l.a
SELECT l.a, r.b FROM VALUES (0, 1), (2, 2) AS l(a, id) FULL JOIN VALUES (1, 1), (1, 2) AS r(b, id) ON l.a = 0 OR 10 / l.a > r.b ORDER BY 1, 2
SELECT a FROM VALUES (0), (2) AS l(a) LEFT SEMI JOIN VALUES (1) AS r(b) ON l.a <> 0 AND 10 / l.a > r.b
SELECT a FROM VALUES (0), (2) AS l(a) LEFT ANTI JOIN VALUES (1) AS r(b) ON l.a <> 0 AND 10 / l.a > r.b
SELECT coalesce(x, array('1')) FROM VALUES (array(1, 2)), (null) AS t(x)
SELECT array(1) UNION ALL SELECT array('2')
SELECT if(true, array('3'), array(1.5))
SELECT CASE WHEN id = 1 THEN array(1) ELSE array('4', null) END FROM VALUES (1), (2) AS t(id) ORDER BY id
SELECT coalesce(null, array(1), array('2'))
SELECT coalesce(array(array('1')), array(array(2)))
SELECT array(array(1), array('2'))
SELECT coalesce(array(DATE'2024-01-01'), array('2024-02-03'))
SELECT coalesce(array('2024-02-03'), array(DATE'2024-01-01'))
SELECT coalesce(array(CAST(1.5 AS FLOAT)), array(1))
SELECT coalesce(array(true), array('false'))
SELECT nvl(array(1), array('2'))
SELECT greatest(array(1), array(2))
SELECT coalesce(array(1), array(2.5))
SELECT * FROM (SELECT array(1, 2) AS a UNION SELECT array(2.5)) ORDER BY a
SELECT coalesce(array(), array('a'))
SELECT coalesce(array('a'), array())
SELECT coalesce(array(null), array(1))
SELECT struct(*) FROM VALUES (1, 'a') AS t(a, b)
SELECT to_json(struct(*)) AS j FROM VALUES (1, 'a') AS t(A, b)
SELECT to_json(struct(t.*)) FROM VALUES (1, 'a') AS t(a, b)
SELECT to_json(struct(* EXCEPT (a))) AS j FROM VALUES (1, 'a') AS t(a, b)
SELECT array(*) FROM VALUES (1, 2) AS t(a, b)
SELECT array(*) FROM VALUES (1, '2') AS t(a, b)
SELECT coalesce(*) FROM VALUES (null, 2) AS t(a, b)
SELECT concat(*) FROM VALUES ('x', 'y') AS t(a, b)
SELECT concat_ws(',', *) FROM VALUES ('x', 'y') AS t(a, b)
SELECT greatest(*) FROM VALUES (1, 2) AS t(a, b)
SELECT hash(*), xxhash64(*) FROM VALUES (1, 'a') AS t(a, b)
SELECT md5(concat_ws('|', *)) AS m FROM VALUES ('x', 'y') AS t(a, b)
SELECT count(DISTINCT *) FROM VALUES (1, 2), (1, 2) AS t(a, b)
SELECT count(*) FROM VALUES (1, 2), (1, null) AS t(a, b)
SELECT struct(*) AS s FROM (SELECT 1 AS A, 2 AS Bc)
SELECT to_json(struct(*)) AS s FROM (SELECT * FROM (SELECT 1 AS A, 2 AS Bc))
SELECT to_json(collect_list(struct(*))) AS s FROM VALUES (1, 'a') AS t(a, b)
SELECT transform(array(1), x -> struct(*)) FROM VALUES (1) AS t(a)
SELECT size(array(*)) + 1 AS n FROM VALUES (1, 2) AS t(a, b)
SELECT to_json(struct(*)) AS j FROM t WHERE id = 1
SELECT assert_true(1 > 0, 'no')
SELECT assert_true(1 > 0)
SELECT left('abc', -1), left('abc', 2), right('abc', -1), right('abc', n) FROM VALUES (-1), (1), (5) AS t(n)
SELECT lpad('abc', 2), rpad('a', 3, ''), lpad('a', 3, null), lpad('a', 5, 'xy'), rpad('abc', 2, ''), lpad('a', 3, f) FROM VALUES (''), ('-') AS t(f)
SELECT array(1, 2)[0], array(1, 2)[1]
SELECT l[i] FROM VALUES (array('a', 'b'), 1), (null, 1), (array('a', 'b'), null), (array(null), 0) AS t(l, i)
SELECT element_at(l, i) FROM VALUES (array('a', 'b'), 1), (null, 1), (array('a', 'b'), null), (array('a', 'b'), -2) AS t(l, i)
SELECT try_element_at(array(1), 5), get(array(1), 5), element_at(map('a', 1), 'b'), map('a', 1)['b']
SELECT split('a,b', ',')[1], split(s, ',')[0] FROM VALUES ('x,y') AS t(s)
SELECT split(s, ',')[1] FROM VALUES ('x,y'), ('x') AS t(s) WHERE size(split(s, ',')) > 1
SELECT if(size(l) > 1, l[1], -1) FROM VALUES (array(1)), (array(1, 2)) AS t(l)
SELECT size(l) > 1 AND l[1] > 0 AS c FROM VALUES (array(1)), (array(1, 2)) AS t(l)
SELECT transform(array(array(1, 2), array(3, 4)), x -> x[1])
SELECT filter(array(array(1, 2), array(3)), x -> size(x) > 1 AND x[1] = 2)
SELECT collect_list(x)[0] FROM VALUES (1), (2) AS t(x)
SELECT max(l[0]) FROM VALUES (array(1)), (array(2)) AS t(l)
SELECT sum(l[0]) OVER (ORDER BY l[0]) FROM VALUES (array(1)), (array(2)) AS t(l) ORDER BY l[0]
SELECT l[0] AS k, count(*) FROM VALUES (array(1)), (array(2)) AS t(l) GROUP BY l[0] ORDER BY k
SELECT s.l[0] FROM VALUES (named_struct('l', array(7))) AS t(s)
SELECT array(array(1, 2))[0][1]
SELECT a, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY a WITH ROLLUP ORDER BY 1
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY a, b WITH ROLLUP ORDER BY 1, 2
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY a, b WITH CUBE ORDER BY 1, 2
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY a, b GROUPING SETS ((a), (b)) ORDER BY 1, 2
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY a, b GROUPING SETS ((a, b), (a), ()) ORDER BY 1, 2
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY GROUPING SETS ((a), (b)) ORDER BY 1, 2
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY a, ROLLUP (b) ORDER BY 1, 2
SELECT to_unix_timestamp('2024-01-01', 'yyyy-MM-dd'), unix_timestamp('2024-01-01', 'yyyy-MM-dd')
SELECT spark_partition_id()
SELECT aggregate(array(1, 2), 0, (a, x) -> a + x)
SELECT named_struct('a', array(1))['a'][0]
SELECT id, l[id], l[id - 1] FROM VALUES (1, array(5, 6)) AS t(id, l)
SELECT m[k] FROM VALUES (map(1, 'a', 2, 'b'), 1) AS t(m, k)
SELECT transform(sequence(0, 1), i -> array('x', 'y')[i])
SELECT element_at(split('a b', ' '), -1)
SELECT to_unix_timestamp('2024-01-01 00:00:00')
SELECT to_json(struct(*)) FROM VALUES (1, 'a') AS t(a, b)
SELECT md5(concat_ws('|', *)) FROM VALUES ('x', 'y') AS t(a, b)
SELECT count(a, b) FROM VALUES (1, 2), (null, 1) AS t(a, b)
SELECT named_struct('a', a, 'b', b) FROM VALUES (1, 'a') AS t(a, b)
SELECT CAST('epoch' AS DATE)
SELECT element_at(map('a', 1), 'b')
SELECT map('a', 1)['b']
SELECT sqrt(-1), ln(0), log10(-1), acos(2), 0.0 / 1
SELECT substring('abc', 0, 2), substring('abc', -2), substring('abc', 5), left('abc', -1)
SELECT repeat('a', -1), lpad('abc', 2), rpad('a', 3, ''), lpad('a', 3, null)
SELECT split('a,b,,', ','), split('abc', ''), split('a1b2', '[0-9]'), split('a,b,c', ',', 2)
SELECT regexp_extract('abc123', '([a-z]+)([0-9]+)', 2), regexp_extract('abc', 'x', 0), regexp_extract_all('a1b2', '([a-z])([0-9])', 1)
SELECT date_format(TIMESTAMP'2024-01-05 10:11:12', 'EEEE, MMM d yyyy h:mm a'), date_format(DATE'2024-01-05', 'yyyyMMdd')
SELECT months_between(DATE'2024-03-31', DATE'2024-02-29'), add_months(DATE'2024-01-31', 1), last_day('2024-02-05')
SELECT unix_timestamp('2024-01-01 00:00:00'), from_unixtime(0), to_unix_timestamp('2024-01-01', 'yyyy-MM-dd')
SELECT percentile(x, 0.5), percentile_approx(x, 0.5), approx_percentile(x, array(0.25, 0.75), 100) FROM VALUES (1), (2), (3), (10) AS t(x)
SELECT array_sort(array(3, null, 1)), sort_array(array(3, null, 1), false), array_max(array(1, null)), array_join(array('a', null, 'b'), ',', 'x'), flatten(array(array(1), array(2)))
SELECT aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x), transform(array(1, 2), (x, i) -> x + i), exists(array(1, null), x -> x > 1), forall(array(1), x -> x > 0)
SELECT get_json_object('{"a": {"b": [1, 2]}}', '$.a.b[1]'), from_json('{"a": 1}', 'a INT'), to_json(map('a', 1)), schema_of_json('{"a": 1}')
SELECT overlay('abcdef' PLACING 'X' FROM 2 FOR 3), translate('abc', 'ab', 'x'), initcap('hello world'), levenshtein('a', 'b'), soundex('Robert'), ascii('A'), chr(65), space(2), position('b' IN 'abc'), instr('abc', 'c'), locate('b', 'abcb', 3)
SELECT bit_count(7), shiftright(8, 1), 5 & 3, 5 | 3, 5 ^ 3, ~5, hex(255), unhex('FF'), bin(5), conv('ff', 16, 10)
SELECT rank() OVER (ORDER BY x), dense_rank() OVER (ORDER BY x), ntile(2) OVER (ORDER BY x), lag(x, 1, 0) OVER (ORDER BY x), percent_rank() OVER (ORDER BY x), cume_dist() OVER (ORDER BY x), first_value(x) OVER (ORDER BY x), nth_value(x, 2) OVER (ORDER BY x) FROM VALUES (1), (1), (3) AS t(x)
SELECT x, sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM VALUES (1), (2), (4) AS t(x)
SELECT a, b, grouping(a), grouping_id(a, b), sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY ROLLUP (a, b) ORDER BY 1, 2, 3
SELECT a, b, sum(c) FROM VALUES (1, 2, 3), (1, 3, 4) AS t(a, b, c) GROUP BY CUBE (a, b) ORDER BY 1, 2
SELECT * FROM VALUES (1, 2) AS t(a, b) UNPIVOT (v FOR n IN (a, b))
SELECT * EXCEPT (a) FROM VALUES (1, 2) AS t(a, b)
SELECT a.* FROM VALUES (1, 2) AS a(x, y)
SELECT x FROM VALUES (3), (1) AS t(x) ORDER BY x DESC NULLS LAST LIMIT 1 OFFSET 1
SELECT DISTINCT x FROM VALUES (1), (1) AS t(x)
SELECT any(x > 1), some(x > 1), every(x > 0), bool_and(x > 0) FROM VALUES (1), (2) AS t(x)
SELECT try_divide(1, 0), try_add(2147483647, 1), try_cast('a' AS INT), try_element_at(array(1), 3), try_to_number('x', '99'), try_subtract(1, 2), try_multiply(2, 3)
SELECT typeof(1), typeof(1L), typeof(1.5), typeof(1e0), typeof('a'), typeof(DATE'2024-01-01'), typeof(array(1)), typeof(map('a', 1)), typeof(struct(1 AS a)), typeof(null), typeof(1Y), typeof(1S), typeof(1.5BD), typeof(1.5f)
SELECT date_format(TIMESTAMP'2024-03-05 14:05:06.789', "yyyy-MM-dd'T'HH:mm:ss'Z'")
SELECT to_timestamp('2024-03-05T14:05:06', "yyyy-MM-dd'T'HH:mm:ss")
SELECT to_timestamp('2024-03-05 14:05:06.123', 'yyyy-MM-dd HH:mm:ss.SSS')
SELECT to_timestamp('2024-03-05 14:05:06.123456', 'yyyy-MM-dd HH:mm:ss.SSSSSS')
SELECT to_timestamp('2024-03-05T14:05:06Z', "yyyy-MM-dd'T'HH:mm:ssX")
SELECT to_timestamp('2024-03-05T14:05:06+02:00', "yyyy-MM-dd'T'HH:mm:ssXXX")
SELECT to_timestamp('5/3/2024 2:05 PM', 'd/M/yyyy h:mm a')
SELECT to_date('2024-3-5', 'yyyy-M-d'), to_date('20240305', 'yyyyMMdd'), to_date('05MAR2024', 'ddMMMyyyy'), to_date('March 5, 2024', 'MMMM d, yyyy'), to_date('24-03-05', 'yy-MM-dd')
SELECT to_date('05Mar2024', 'ddMMMyyyy'), to_date('2024', 'yyyy'), to_date('2024-03', 'yyyy-MM')
SELECT try_to_date('2024/03/05 10', 'yyyy/MM/dd'), try_to_timestamp('x', 'yyyy')
SELECT from_unixtime(1704067200, "yyyy-MM-dd'T'HH:mm"), unix_timestamp('2024-03-05T00:00', "yyyy-MM-dd'T'HH:mm"), to_unix_timestamp('05.03.2024', 'dd.MM.yyyy')
SELECT date_format(DATE'2024-03-05', 'yyyy'), date_format(DATE'2024-03-05', 'y'), date_format(DATE'2024-03-05', 'yy'), date_format(DATE'2024-03-05', 'M'), date_format(DATE'2024-03-05', 'L'), date_format(DATE'2024-03-05', 'LL'), date_format(DATE'2024-03-05', 'LLL'), date_format(DATE'2024-03-05', 'LLLL'), date_format(DATE'2024-03-05', 'd'), date_format(DATE'2024-12-05', 'DDD'), date_format(DATE'2024-03-05', 'E'), date_format(DATE'2024-03-05', 'EEE'), date_format(DATE'2024-03-05', 'EEEE')
SELECT date_format(DATE'2024-03-05', 'Q'), date_format(DATE'2024-03-05', 'qq'), date_format(DATE'2024-03-05', 'QQQ'), date_format(DATE'2024-03-05', 'QQQQ'), date_format(DATE'2024-03-05', 'G'), date_format(DATE'2024-03-05', 'F')
SELECT date_format(TIMESTAMP'2024-03-05 00:05:06.7', 'h'), date_format(TIMESTAMP'2024-03-05 00:05:06.7', 'hh a'), date_format(TIMESTAMP'2024-03-05 00:05:06.7', 'K'), date_format(TIMESTAMP'2024-03-05 00:05:06.7', 'k'), date_format(TIMESTAMP'2024-03-05 09:05:06.7', 'H:m:s'), date_format(TIMESTAMP'2024-03-05 09:05:06.7', 'S'), date_format(TIMESTAMP'2024-03-05 09:05:06.78', 'SS'), date_format(TIMESTAMP'2024-03-05 09:05:06.78', 'SSSS'), date_format(TIMESTAMP'2024-03-05 09:05:06.78', 'SSSSSS'), date_format(TIMESTAMP'2024-03-05 09:05:06.78', 'SSSSSSSSS')
SELECT date_format(TIMESTAMP'2024-03-05 09:05:06', 'X'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'XXX'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'x'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'xxx'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'Z'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'z'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'VV'), date_format(TIMESTAMP'2024-03-05 09:05:06', 'O')
SELECT date_format(DATE'2024-03-05', "'day' d''d"), date_format(DATE'2024-03-05', 'yyyy%MM'), date_format(DATE'2024-03-05', '[yyyy]'), date_format(DATE'2024-03-05', 'dd.MM.yyyy')
SELECT date_format('2024-03-05', 'MMM'), date_format('2024-03-05 10:11:12', 'HH')
SELECT date_format(null, 'yyyy'), date_format(DATE'2024-03-05', null)
SELECT to_char(DATE'2024-03-05', 'yyyy/MM'), to_varchar(DATE'2024-03-05', 'dd')
SELECT to_timestamp('2024-03-05 09:05:06 America/New_York', 'yyyy-MM-dd HH:mm:ss VV')
SELECT to_timestamp('2024-03-05 09:05:06 +0200', 'yyyy-MM-dd HH:mm:ss Z')
SELECT to_timestamp('12/31/2023', 'MM/dd/yyyy'), to_timestamp('1/2/2023', 'M/d/yyyy'), to_timestamp('2023-001', 'yyyy-DDD')
SELECT from_unixtime(0), from_unixtime(1.5), from_unixtime('7')
SELECT bigint(2.7), tinyint('3'), smallint(4), decimal('3'), binary('a'), boolean('true'), float(1), bigint('5') + 1, decimal('7') / 2
SELECT get_json_object('x', '$.a'), get_json_object(null, '$.a'), get_json_object('', '$.a'), get_json_object('{"a": 1', '$.a')
SELECT j FROM VALUES ('{"a": 1}'), ('bad'), (null) AS t(j) WHERE get_json_object(j, '$.a') = 1
SELECT replace('abc', 'b'), replace('abc', 'b', 'x'), replace('abc', null), replace('abc', '')
SELECT collect_set(DISTINCT x), collect_list(DISTINCT x) FROM VALUES (1), (1), (null) AS t(x)
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x), percentile_disc(0.5) WITHIN GROUP (ORDER BY x DESC) FROM VALUES (1), (2), (3), (10) AS t(x)
SELECT first_value(x) IGNORE NULLS, last_value(x) IGNORE NULLS, first(x) IGNORE NULLS, any_value(x) IGNORE NULLS FROM VALUES (null), (2), (3), (null) AS t(x)
SELECT first_value(x), last_value(x), first(x), last(x) FROM VALUES (null), (2), (3), (null) AS t(x)
SELECT first_value(x) IGNORE NULLS OVER (ORDER BY i), last_value(x) IGNORE NULLS OVER (ORDER BY i) FROM VALUES (1, null), (2, 2), (3, null) AS t(i, x)
SELECT any_value(x, true), first_value(x, true), last_value(x, true) FROM VALUES (null), (2) AS t(x)
SELECT collate('a', 'UTF8_BINARY') = 'a', 'a' COLLATE UTF8_LCASE = 'A'
SELECT to_date(DATE'2024-01-05', 'yyyy-MM-dd'), to_timestamp(TIMESTAMP'2024-01-05 10:00:00', 'yyyy'), to_date(TIMESTAMP'2024-01-05 10:00:00', 'yyyy-MM-dd'), unix_timestamp(DATE'1970-01-02', 'yyyy')
SELECT date_format(DATE'2024-11-05', 'QQQQ'), date_format(DATE'2024-03-05', null), to_date(null, 'yyyy'), to_date('2024', null)
SELECT try_to_date('2024-13-01', 'yyyy-MM-dd'), try_to_timestamp('10:11', 'HH:mm'), to_timestamp('10:11', 'HH:mm'), try_to_timestamp('2024-01-05T10:11:12.5', "yyyy-MM-dd'T'HH:mm:ss[.S]"), try_to_timestamp('2024-01-05', "yyyy-MM-dd['T'HH:mm]")
SELECT min(to_date(s, 'dd.MM.yyyy')), count(*) FROM VALUES ('05.03.2024'), ('01.02.2024') AS t(s)
SELECT year(to_date(s, 'dd/MM/yyyy')), to_date(s, 'dd/MM/yyyy') > '2024-01-01' FROM VALUES ('05/03/2024') AS t(s)
SELECT date_format(max(d), 'yyyy-MM') FROM VALUES (DATE'2024-01-05') AS t(d)
SELECT date_format(d, 'yyyy-MM') AS m, count(*) FROM VALUES (DATE'2024-01-05'), (DATE'2024-01-07') AS t(d) GROUP BY date_format(d, 'yyyy-MM')
SELECT date_format(d, "yyyy-'Q'q") AS m, count(*) FROM VALUES (DATE'2024-01-05'), (DATE'2024-01-07') AS t(d) GROUP BY 1
SELECT x::STRING || '!' FROM VALUES (1) AS t(x)
SELECT '5'::INT + 1, '2024-01-01'::DATE + 1, '2024-01-01'::DATE - INTERVAL 1 MONTH
SELECT a, a + 1 AS b, b * 2 AS c FROM VALUES (1) AS t(a)
SELECT name FROM VALUES ('abc'), ('xbz') AS t(name) WHERE name ILIKE ANY ('A%', '%Z') ORDER BY 1
SELECT name FROM VALUES ('abc'), ('xbz') AS t(name) WHERE name LIKE ALL ('a%', '%c')
SELECT name FROM VALUES ('abc'), ('xbz') AS t(name) WHERE name LIKE ANY ('a%', 'q%')
SELECT name FROM VALUES ('abc'), ('xbz') AS t(name) WHERE name NOT LIKE ALL ('a%', 'q%')
SELECT name FROM VALUES ('abc'), ('xbz') AS t(name) WHERE name RLIKE '^a' OR name REGEXP 'z$'
SELECT a, count(*) FROM VALUES (1), (1), (2) AS t(a) GROUP BY ALL ORDER BY ALL
SELECT a, b, row_number() OVER (PARTITION BY a ORDER BY b DESC) AS rn FROM VALUES (1, 2), (1, 3), (2, 1) AS t(a, b) QUALIFY rn = 1 ORDER BY a
SELECT a, sum(b) FILTER (WHERE b > 2) AS s FROM VALUES (1, 2), (1, 3), (2, 1) AS t(a, b) GROUP BY a ORDER BY a
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r ORDER BY n
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a CROSS JOIN b
SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(id, v) PIVOT (max(id) FOR v IN ('a', 'b'))
SELECT * FROM VALUES (1, 2, 3) AS t(id, q1, q2) UNPIVOT (v FOR q IN (q1 AS `Q1`, q2 AS `Q2`)) ORDER BY q
SELECT * FROM VALUES (1, 2, null) AS t(id, q1, q2) UNPIVOT INCLUDE NULLS (v FOR q IN (q1, q2)) ORDER BY q
SELECT t1.id, t2.v FROM VALUES (1), (2) AS t1(id) LEFT JOIN VALUES (1, 'a') AS t2(id, v) USING (id) ORDER BY 1
SELECT * FROM VALUES (1), (2) AS t1(id) LEFT SEMI JOIN VALUES (1) AS t2(id) ON t1.id = t2.id
SELECT * FROM VALUES (1), (2) AS t1(id) LEFT ANTI JOIN VALUES (1) AS t2(id) USING (id)
SELECT * FROM VALUES (1, 'x') AS t1(id, a) NATURAL JOIN VALUES (1, 'y') AS t2(id, b)
SELECT id FROM VALUES (1), (2) AS t(id) WHERE EXISTS (SELECT 1 FROM VALUES (2) AS u(k) WHERE u.k = t.id)
SELECT id, (SELECT max(k) FROM VALUES (1), (2) AS u(k) WHERE u.k <= t.id) AS m FROM VALUES (1), (2) AS t(id) ORDER BY id
SELECT date_format(DATE'2024-03-05', 'dd/MM/yy'), date_format(TIMESTAMP'2024-03-05 14:05:06.789', 'HH:mm:ss.SSS'), date_format(DATE'2024-03-05', 'E, d MMMM y'), date_format(DATE'2024-03-05', 'D'), date_format(DATE'2024-03-05', 'q'), date_format(DATE'2024-03-05', "yyyy-'W'MM")
SELECT to_date('05/03/2024', 'dd/MM/yyyy'), to_timestamp('2024-03-05 14.05', 'yyyy-MM-dd HH.mm'), to_date('Mar 5, 2024', 'MMM d, yyyy'), to_timestamp('20240305140506', 'yyyyMMddHHmmss')
SELECT year(d), month(d), day(d), dayofyear(d), weekofyear(d), quarter(d), dayofweek(d), weekday(d), extract(WEEK FROM d), extract(YEAROFWEEK FROM d) FROM VALUES (DATE'2024-12-30') AS t(d)
SELECT datediff(DATE'2024-03-01', DATE'2024-02-01'), datediff(MONTH, DATE'2024-01-31', DATE'2024-03-01'), timestampdiff(HOUR, TIMESTAMP'2024-01-01 00:00:00', TIMESTAMP'2024-01-02 01:30:00'), dateadd(DAY, 3, DATE'2024-01-01'), timestampadd(MINUTE, 5, TIMESTAMP'2024-01-01 00:00:00'), date_sub(DATE'2024-01-01', 1)
SELECT unix_date(DATE'2024-01-01'), unix_millis(TIMESTAMP'2024-01-01 00:00:00'), unix_micros(TIMESTAMP'2024-01-01 00:00:00'), unix_seconds(TIMESTAMP'2024-01-01 00:00:00'), date_from_unix_date(19723)
SELECT concat('a', null), concat_ws('-', 'a', null, 'b'), concat_ws(',', array('x', 'y')), lower('ABC'), upper('abc'), length('héllo'), char_length('abc'), octet_length('é'), trim('  a '), ltrim('xxa', 'x'), trim(BOTH 'x' FROM 'xax'), trim(LEADING 'x' FROM 'xa'), reverse('abc'), replace('abab', 'a', 'x'), replace('abc', 'b')
SELECT base64('abc'), unbase64('YWJj'), encode('abc', 'utf-8'), decode(encode('abc', 'utf-8'), 'utf-8'), hex('abc'), md5('a'), sha1('a'), sha2('a', 256), crc32('a'), hash('a'), xxhash64(1)
SELECT ceil(2.123, 2), floor(-2.125, 2), round(1234, -2), round(2.5D), round(0.5f)
SELECT 7 / 2, 7 div 2, -7 div 2, -7 % 3, 1 / 3.0, 1.0 / 3, 10 / 4.0, cast(1 as decimal(10,2)) / 3, 1e0 / 3, 5 / 2 * 2
SELECT 0.1 + 0.2, 0.1D + 0.2D, 1.10 * 2.5, 100.00 - 0.01, 1 + 1.5, 3 * 1.5, cast('1.23' as double) * 100
SELECT sum(x), avg(x), min(x), max(x) FROM VALUES (1.10), (2.25), (null) AS t(x)
SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x), string_agg(x, '-') FROM VALUES ('b'), ('a') AS t(x)
SELECT array_agg(x), collect_list(x), collect_set(DISTINCT x) FROM VALUES (1), (1), (null) AS t(x)
SELECT percentile(x, array(0.25, 0.5)), percentile_disc(0.5) WITHIN GROUP (ORDER BY x), percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC), median(x) FROM VALUES (1), (2), (3), (10) AS t(x)
SELECT regr_slope(y, x), regr_intercept(y, x), regr_r2(y, x), regr_count(y, x), regr_avgx(y, x) FROM VALUES (1, 2), (2, 4), (3, 7) AS t(x, y)
SELECT any_value(x), bool_or(x > 1), bit_or(x), bit_xor(x), every(x > 0), max_by(x, y), try_sum(x), try_avg(x), count_if(x = 2) FROM VALUES (1, 2), (2, 4) AS t(x, y)
SELECT first(x, true), last(x, true), first_value(x) IGNORE NULLS FROM VALUES (null), (2) AS t(x)
SELECT x, lead(x) OVER (ORDER BY x), lag(x, 2, -1) OVER (ORDER BY x), first_value(x) OVER w, last_value(x) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), sum(x) OVER w, avg(x) OVER w FROM VALUES (1), (2), (4) AS t(x) WINDOW w AS (ORDER BY x)
SELECT d, sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) AS s FROM VALUES (DATE'2024-01-01', 1), (DATE'2024-01-02', 2), (DATE'2024-01-05', 3) AS t(d, x)
SELECT window(t, '10 minutes').start AS s, count(*) FROM VALUES (TIMESTAMP'2024-01-01 00:03:00'), (TIMESTAMP'2024-01-01 00:13:00') AS x(t) GROUP BY window(t, '10 minutes') ORDER BY s
SELECT array(1, 2, 3), array_contains(array(1, 2), 2), array_size(array(1)), size(array()), array_append(array(1), 2), array_prepend(array(1), 0), array_insert(array(1, 3), 2, 2), array_remove(array(1, 2, 1), 1), array_compact(array(1, null)), slice(array(1, 2, 3), 2, 2), reverse(array(1, 2)), array_min(array(3, 1)), sequence(1, 5, 2), arrays_zip(array(1), array('a')), array_position(array(1, 2), 2), array_repeat('x', 2), concat(array(1), array(2)), array_except(array(1, 2), array(2)), sort_array(array(2, 1)), array_sort(array(2, 1), (a, b) -> b - a), shuffle(array(1)), cardinality(array(1)), exists(array(1), x -> x = 1)
SELECT map('a', 1, 'b', 2), map_keys(map('a', 1)), map_values(map('a', 1)), map_entries(map('a', 1)), map_concat(map('a', 1), map('b', 2)), map_contains_key(map('a', 1), 'a'), element_at(map('a', 1), 'a'), map('a', 1).a, str_to_map('a:1,b:2', ',', ':'), size(map('a', 1)), transform_values(map('a', 1), (k, v) -> v + 1), transform_keys(map('a', 1), (k, v) -> upper(k))
SELECT struct(1, 'a'), named_struct('x', 1, 'y', 'z').y, struct(1 AS a, 2 AS b).a, struct(1 AS a) = struct(1 AS a)
SELECT get_json_object('{"a": {"b": "c"}, "l": [{"x": 1}, {"x": 2}]}', '$.a.b'), get_json_object('{"l": [{"x": 1}, {"x": 2}]}', '$.l[*].x'), get_json_object('{"l": [1]}', '$.l'), get_json_object('x', '$.a'), json_array_length('[1, 2]'), json_object_keys('{"a": 1, "b": 2}'), to_json(named_struct('a', 1, 'b', array(1, 2), 'c', null, 'd', DATE'2024-01-01', 'e', 1.50)), from_json('[{"a": 1}]', 'array<struct<a:int>>'), from_json('{"a": {"b": "x"}}', 'a struct<b: string>').a.b, schema_of_json('{"a": [1, 2.5]}')
SELECT hour(TIMESTAMP'2024-01-01 10:11:12'), minute(TIMESTAMP'2024-01-01 10:11:12'), second(TIMESTAMP'2024-01-01 10:11:12'), date_trunc('HOUR', TIMESTAMP'2024-01-01 10:11:12'), trunc('2024-05-17', 'MM'), last_day(DATE'2024-02-01'), months_between('2024-03-31', '2024-02-29'), months_between(DATE'2024-03-15', DATE'2024-01-01', false)
SELECT CAST(1 AS BOOLEAN), CAST('true' AS BOOLEAN), CAST(true AS INT), CAST(1.9 AS INT), CAST(-1.9 AS INT), CAST('1.5' AS DECIMAL(3, 1)), CAST(1.55 AS DECIMAL(3, 1)), CAST(1e10 AS STRING), CAST(1.0 AS STRING), CAST(100000000.0D AS STRING), CAST(array(1, 2) AS STRING), CAST(map('a', 1) AS STRING), CAST(struct(1, 'x') AS STRING), CAST(DATE'2024-01-01' AS TIMESTAMP), CAST(TIMESTAMP'2024-01-01 10:00:00' AS DATE), CAST(TIMESTAMP'2024-01-01 10:00:00' AS BIGINT), CAST(X'61' AS STRING), CAST('a' AS BINARY), CAST(null AS INT)
SELECT 'it''s', "double", 'a\nb', r'a\nb', 'é', 'x' 'y', '\u00e9', '%\_'
SELECT 1 = 1.0, 1 <=> null, null = null, 1 != 2, 1 <> 2, NOT true, true AND null, false OR null, 1 IN (1, null), 2 IN (1, null), 2 NOT IN (1, 3), 1 BETWEEN 0 AND 2, null IS NULL, 'a' < 'b', 'a' LIKE 'A', 5 IS DISTINCT FROM null, true == true
SELECT `a b`, `select` FROM VALUES (1, 2) AS t(`a b`, `select`)
SELECT count(*) c, max(a) AS `max a` FROM VALUES (1), (2) AS t(a) HAVING c > 1
SELECT a FROM VALUES (1), (2), (3) AS t(a) ORDER BY a DESC LIMIT 2
SELECT a FROM VALUES (1), (null), (3) AS t(a) ORDER BY a
SELECT a FROM VALUES (1), (null), (3) AS t(a) ORDER BY a DESC NULLS FIRST
SELECT a FROM VALUES (1), (2) AS t(a) UNION SELECT 2 EXCEPT SELECT 1
SELECT * FROM VALUES (1), (2) AS t(a) INTERSECT SELECT 2
SELECT * FROM (VALUES (1, 'a')) AS t(id, n)
SELECT id FROM range(5) WHERE id % 2 = 0
SELECT id FROM range(2, 10, 3)
FROM VALUES (1), (2) AS t(a) |> WHERE a > 1 |> SELECT a + 1 AS b
SELECT t.a AS x, u.a AS y FROM VALUES (1) AS t(a), VALUES (2) AS u(a)
SELECT sum(a) AS a FROM VALUES (1), (2) AS t(a) GROUP BY a % 1
SELECT CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' END AS n, CASE WHEN a > 1 THEN a ELSE 0 END AS m FROM VALUES (1), (2) AS t(a)
SELECT stack(2, 'a', 1, 'b', 2) AS (k, v)
SELECT to_char(1234.5, '9,999.99'), to_number('1,234.5', '9,999.9'), try_to_number('x', '999'), to_varchar(12, '99')
SELECT bit_count(5), bit_get(5, 0), getbit(5, 1), shiftleft(1, 3), 1 << 3, 8 >> 1, hex(17), bin(6), conv('100', 2, 10)
SELECT ascii('a'), char(65), chr(97), space(2) || '|', repeat('ab', 2), initcap('ab cd'), soundex('abc'), levenshtein('kitten', 'sitting'), translate('abc', 'abc', 'xyz'), overlay('abcd', 'X', 2), find_in_set('b', 'a,b'), format_string('%05d', 42), format_number(1234.567, 1), elt(2, 'a', 'b'), locate('b', 'abc'), position('c', 'abc'), btrim('  a '), luhn_check('79927398713'), mask('Ab1'), quote('a'), collate('a', 'UTF8_BINARY')
SELECT session_window(t, '5 minutes'), count(*) FROM VALUES (TIMESTAMP'2024-01-01 00:00:00'), (TIMESTAMP'2024-01-01 00:03:00'), (TIMESTAMP'2024-01-01 00:10:00') AS x(t) GROUP BY session_window(t, '5 minutes') ORDER BY 2
SELECT session_window.start, session_window.end, u, count(*) AS n, sum(v) AS s FROM VALUES ('a', TIMESTAMP'2024-01-01 00:00:00', 1), ('a', TIMESTAMP'2024-01-01 00:05:00', 2), ('a', TIMESTAMP'2024-01-01 00:10:01', 4), ('b', TIMESTAMP'2024-01-01 00:04:00', 8), ('b', null, 16) AS x(u, t, v) GROUP BY u, session_window(t, '5 minutes') ORDER BY u, start
SELECT u, count(*) AS n FROM VALUES ('a', TIMESTAMP'2024-01-01 00:00:00'), ('a', TIMESTAMP'2024-01-01 00:05:00'), ('A', TIMESTAMP'2024-01-01 00:10:01') AS x(u, t) GROUP BY upper(u), u, session_window(t, '5 minutes') HAVING count(*) > 1 ORDER BY u
SELECT count(*) AS n, min(t) FROM VALUES (DATE'2024-01-01'), (DATE'2024-01-02'), (DATE'2024-01-09') AS x(t) GROUP BY session_window(t, '2 days') ORDER BY n
SELECT n, count(*) FROM (SELECT session_window(t, '5 minutes') AS w, count(*) AS n FROM VALUES (TIMESTAMP'2024-01-01 00:00:00'), (TIMESTAMP'2024-01-01 00:03:00') AS x(t) GROUP BY session_window(t, '5 minutes')) GROUP BY n
SELECT session_window(t, '5 minutes') AS w, n / count(*) AS q FROM VALUES (4, TIMESTAMP'2024-01-01 00:00:00'), (4, TIMESTAMP'2024-01-01 00:03:00') AS x(n, t) GROUP BY session_window(t, '5 minutes'), n
WITH e AS (SELECT 1 AS u, TIMESTAMP'2024-01-01 00:00:00' AS t) SELECT u, session_window(t, '1 hour').start AS s FROM e GROUP BY u, session_window(t, '1 hour')
SELECT x.u, max(y.w) AS m, session_window.end AS e FROM VALUES (1, TIMESTAMP'2024-01-01 00:00:00'), (1, TIMESTAMP'2024-01-01 00:20:00') AS x(u, t) JOIN VALUES (1, 'p'), (1, 'q') AS y(u, w) ON x.u = y.u WHERE y.w <> 'z' GROUP BY x.u, session_window(x.t, '10 minutes') ORDER BY e
SELECT CASE WHEN b >= 0 THEN b <> 0 AND 10 / b > 4 END AS c FROM VALUES (0), (2) AS t(b)
SELECT if(b >= 0, b <> 0 AND 10 / b > 4, b = 0 OR 1 / b < 0) AS c FROM VALUES (0), (2), (-1) AS t(b)
SELECT CASE WHEN b > 5 THEN true ELSE b = 0 OR 10 / b > 4 END AS c FROM VALUES (0), (2) AS t(b)
SELECT CASE b <> 0 AND 10 / b > 4 WHEN true THEN 1 ELSE 0 END AS c FROM VALUES (0), (2) AS t(b)
SELECT b FROM VALUES (0), (2) AS t(b) WHERE CASE WHEN b >= 0 THEN b <> 0 AND 10 / b > 4 END
SELECT b FROM VALUES (0), (2) AS t(b) WHERE if(b <> 0 AND 10 / b > 4, true, false)
SELECT date_format(DATE'2024-12-31', 'DD'), date_format(DATE'2024-01-05', 'DD')
SELECT explode(from_json('{"a":1}', 'map<string,int>')) AS (k, v)
SELECT b AND abs(id) = 1 AS k, count(*) FROM VALUES (true, 1), (false, 2) AS t(b, id) GROUP BY b AND abs(id) = 1 HAVING b AND abs(id) = 1
SELECT lower(a.s) AS s, b.n FROM VALUES ('A', 1) AS a(s, n) LEFT JOIN VALUES ('a', 2) AS b(s, n) ON lower(a.s) = lower(b.s) AND upper(a.s) = upper(b.s)
SELECT sum(a) FROM VALUES (0), (0) AS t(a) HAVING sum(a) <> 0 AND 10 / sum(a) > 1
SELECT a, sum(b) FROM VALUES (1, 2), (0, 3) AS t(a, b) GROUP BY a HAVING a > 0 AND sum(b) / a > 1
SELECT array(array(1, 2), array(3))[0][1], array(1, 2, 3)[array(1, 2, 3)[0]], element_at(array(array(1)), -1)[0]
SELECT transform(array(array(1, 2), array(3, 4)), x -> element_at(x, -1) + x[0])
SELECT l[(SELECT 0)], l[size(l) - 1] FROM VALUES (array(5, 6)) AS t(l)
SELECT split('a b', ' ')[max(i)] FROM VALUES (0), (1) AS t(i)
SELECT collect_list(x)[min(x) - 1] FROM VALUES (1), (2) AS t(x)
SELECT from_json('{"l": [1, 2]}', 'l array<int>').l[1]
SELECT date_format(DATE'2024-05-06', "yyyy 'it''s' MM"), date_format(DATE'2024-05-06', "''yyyy''"), date_format(DATE'2024-05-06', "'a'''MM"), to_date("2024 it's 05", "yyyy 'it''s' MM")
SELECT k, count(*) FROM VALUES (1,'a') AS t(k,j) WHERE k > 5 GROUP BY GROUPING SETS ((k), ())
SELECT j, k, count(*) FROM VALUES (1,'a') AS t(k,j) WHERE k > 5 GROUP BY ROLLUP(j, k)
SELECT pmod(7,-3), pmod(-7,3), pmod(-7,-3), pmod(7,3)
SELECT try_to_date('1/2/2024', 'dd/MM/yyyy'), to_date('1/2/2024','d/M/yyyy'), try_to_date('01/2/2024', 'dd/MM/yyyy')
SELECT try_to_timestamp('2024-1-2 03:04', 'yyyy-MM-dd HH:mm'), try_to_timestamp('2024-01-02 3:04', 'yyyy-MM-dd HH:mm')
SELECT from_unixtime(1.7), from_unixtime(1), from_unixtime(-1)
SELECT lpad(CAST('a' AS BINARY), 3, CAST('b' AS BINARY)), left(CAST('abc' AS BINARY), 2)
SELECT s, count(*) FROM (SELECT 'a' AS s WHERE false) GROUP BY s WITH ROLLUP
SELECT to_date('2024-01-02', 'yyyy-MM-dd'), to_timestamp('2024/1/2 3:4:5', 'yyyy/M/d H:m:s'), to_date('20240102', 'yyyyMMdd'), to_date('02Jan2024', 'ddMMMyyyy')
SELECT to_timestamp('2024-01-02T03:04:05.123Z', "yyyy-MM-dd'T'HH:mm:ss.SSSX"), to_timestamp('02-january-24 03:04 pm', 'dd-MMMM-yy hh:mm a')
SELECT try_to_timestamp('2024-01-02 03:04', 'yyyy-MM-dd[ HH:mm]'), try_to_timestamp('2024-01-02', 'yyyy-MM-dd[ HH:mm]'), try_to_timestamp('2024-01-02 03:04:05.12', 'yyyy-MM-dd HH:mm:ss.SSS'), try_to_timestamp('2024-01-02 03:04:05.1234', 'yyyy-MM-dd HH:mm:ss.SSS')
SELECT try_to_date(' 2024-01-02', 'yyyy-MM-dd'), try_to_date('2024-01-02 ', 'yyyy-MM-dd'), try_to_date('24-01-02', 'yyyy-MM-dd'), try_to_date('12024-01-02', 'yyyy-MM-dd'), try_to_date('2024-02-30', 'yyyy-MM-dd')
SELECT try_to_date('013', 'D'), try_to_date('2024 013', 'yyyy DDD'), try_to_date('2024 13', 'yyyy D')
SELECT k, j, count(*), sum(k) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(k,j) GROUP BY k, j WITH CUBE ORDER BY 1,2
SELECT k, count(*) FROM VALUES (1,'a'),(1,'b'),(2,'a') AS t(k,j) GROUP BY ROLLUP(k) HAVING count(*) > 1 ORDER BY 1
SELECT k, count(*) FROM VALUES (1,'a') AS t(k,j) WHERE k > 5 GROUP BY GROUPING SETS ((k), ())
