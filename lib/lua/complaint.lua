-- complaint: a recipient complained: it is not mailed again by all, an account or a list.
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     all | account:NAME | list:NAME
-- Reply 1: it is new; 0: it was known
--
-- The hash stays for ever then (its field "keep"), whatever becomes of the entry.
--
-- Why atomic: mxbounce may end an entry, and so its hash, at this moment.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local new = redis.call('HSETNX', KEYS[1], 'not:' .. ARGV[2], now)
redis.call('HSET', KEYS[1], 'keep', 0)
redis.call('PERSIST', KEYS[1])
return new
