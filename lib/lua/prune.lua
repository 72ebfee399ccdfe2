-- prune: drops from the index of the quarantine what has expired, a part at a time.
--
-- KEYS  1     mxpace:quarantine
-- ARGV  1     what expired by then, Unix time
--       2     at most so many
-- Reply how many remain to be dropped
--
-- Why atomic: a member that gets another expiry between the count and the removal must stay. Why in
-- parts: a million addresses may expire in one second, and Redis serves nobody meanwhile.
local count = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
local drop = math.min(count, tonumber(ARGV[2]))
if drop > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, drop - 1) end
return count - drop
