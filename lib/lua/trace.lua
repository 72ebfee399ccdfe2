-- trace: what all mxpolicyd trace, and until when: adds one or takes it off.
--
-- KEYS  1     mxpace:trace
--       2     mxpace:pace:version
-- ARGV  1     pattern: "ann@example.org", "@example.org", "group:NAME"; "": all, with seconds = 0
--       2     for so many seconds from now on; 0: not any more
--       3     who
--       4     most patterns at a time
-- Reply {outcome, until}
--       outcome: 1 done; 0 there was none to take off; -1 there are too many
--       until: Unix time; 0 for what was taken off
--
-- Why atomic: nodes that see the new version must see the change, and there is a most of them.
-- The keys have no hash tag in common; on a cluster they would need one.
local pattern, seconds, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local now, last, count, was = tonumber(redis.call('TIME')[1]), 0, 0, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
    local untl = tonumber(string.match(all[i + 1], '^%d+')) or 0
    if untl <= now then
        redis.call('HDEL', KEYS[1], all[i])
    elseif all[i] == pattern then
        was = 1
    else
        count, last = count + 1, math.max(last, untl)
    end
end
if seconds == 0 then
    if pattern == '' then was = redis.call('DEL', KEYS[1]) else redis.call('HDEL', KEYS[1], pattern) end
    if was == 1 then redis.call('INCR', KEYS[2]) end
    return {was, 0}
end
if count >= most then return {-1, 0} end
redis.call('HSET', KEYS[1], pattern, now + seconds .. ' by ' .. ARGV[3])
redis.call('EXPIREAT', KEYS[1], math.max(last, now + seconds))
redis.call('INCR', KEYS[2])
return {1, now + seconds}
