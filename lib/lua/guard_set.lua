-- guard_set: an outage guard begins to hold, goes on, rests or ends.
--
-- KEYS  1     mxpace:{g:GROUP}:guard:REASON
--       2     mxpace:{g:GROUP}:lately:REASON
-- ARGV  1     trip | far | quiet | end
--       2     end: when it may trip again, Unix time, 0 at once; quiet: only if it was not far since
--       then field, value, field, value... to store
-- Reply 1: it is so from now on; 0: it was, or another one was quicker
--
-- Why atomic: of twenty mxbounce that see the same outage one trips the guard and says so.
local now = tonumber(redis.call('TIME')[1])
local key, verb = KEYS[1], ARGV[1]
local f = redis.call('HMGET', key, 'state', 'since', 'far')
if verb == 'trip' then
    if f[1] == 'held' then return 0 end
    redis.call('HSET', key, 'state', 'held', 'since', f[2] or now, 'far', now)
    for i = 3, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
    redis.call('HDEL', key, 'excused')
    redis.call('PERSIST', key)
    redis.call('EXPIRE', KEYS[2], 7776000) -- 90 days, as entries that are held
elseif verb == 'end' then
    redis.call('HDEL', key, 'state', 'since', 'far', 'text', 'rate', 'score', 'run')
    if ARGV[2] ~= '0' then redis.call('HSET', key, 'excused', ARGV[2]) end
    redis.call('DEL', KEYS[2])
    redis.call('EXPIRE', key, 691200) -- 8 days
    return f[1] and 1 or 0
elseif f[1] ~= 'held' then
    return 0
elseif verb == 'far' then
    redis.call('HSET', key, 'far', now)
elseif tonumber(f[3] or 0) > tonumber(ARGV[2]) then
    return 0
else
    redis.call('HSET', key, 'state', 'quiet')
end
return 1
