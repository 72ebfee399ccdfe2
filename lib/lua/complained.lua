-- complained: a feedback report about mail of a sending IP, counted in its group's hour.
-- uses date
--
-- KEYS  1     mxpace:{g:GROUP}:stats   what the hour is added to: "...:stats:2026112208"
--       2     mxpace:{g:GROUP}:seen    what the day is added to: reports that were counted
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     id; the same one counts once in two days
--       3     sending IP
-- Reply 1: counted; 0: it was before
--
-- Why atomic: two hosts may be brought the same report at once.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local today = math.floor(now / 86400)
local seen = KEYS[2] .. ':' .. date_day(today)
if redis.call('SISMEMBER', KEYS[2] .. ':' .. date_day(today - 1), ARGV[2]) == 1 or
    redis.call('SADD', seen, ARGV[2]) == 0 then
    return 0
end
redis.call('EXPIRE', seen, 172800)
local hour = KEYS[1] .. ':' .. date_hour(math.floor(now / 3600))
redis.call('HINCRBY', hour, ARGV[3] .. ' complaints', 1)
redis.call('EXPIRE', hour, 691200) -- 8 days
return 1
