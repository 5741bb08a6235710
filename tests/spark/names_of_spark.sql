price * 2
sum(price * 2)
price + 1 > 2 AND id = 1
round(avg(price), 2)
round(price)
count(*)
count(DISTINCT s)
count(id)
max(price) - min(price)
-id
NOT b
s IS NULL
s IS NOT NULL
s <> 'x'
id != 1
id <=> 2
id IN (1, 2)
s LIKE 'a%'
id BETWEEN 1 AND 2
'abc'
1.5
true
NULL
s || 'x'
upper(s)
concat(s, '-', id)
concat_ws(', ', s, s)
substring(s, 1, 2)
length(s)
coalesce(s, 'none')
if(id > 1, 'a', 'b')
CASE WHEN id > 1 THEN 'many' ELSE 'one' END
CAST(price AS INT)
CAST(price AS DECIMAL(10,2))
CAST(price * 2 AS DECIMAL(10,2))
CAST('12' AS INT)
sqrt(price)
floor(price / 10) * 10
id div 2
id % 2
(id + 1) * (id - 1)
year(day)
date_format(day, 'yyyy-MM')
current_date()
current_timestamp()
current_date() > day
array(1, 2)
arr[0]
size(arr)
collect_list(s)
sum(id) FILTER (WHERE id > 1)
first(s)
t.id + 1
sum(t.`id`)
st.a
max(st.a)
(SELECT max(id) FROM t)
(SELECT max(id) FROM t) * 2
lower(trim(s))
explode(arr)
