-- operators
id + 1
id - 5
id * 2
id / 2
id % 3
-id
id div 2
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

-- statements
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
