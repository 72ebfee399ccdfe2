-- remove: an operator has an address mailed again.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     who
--       3     for so many seconds notices of failures before now do not count
-- Reply {removed, expiry}
--       removed: 1: it was quarantined, held or had errors counted; 0: nothing to remove
--       expiry: of what can still be read, Unix time; 0: nothing
--
-- Notices of mail that failed before are still under way. So the hash stays for a while, and what
-- was quarantined can be read as released, by whom and why it was there.
--
-- Why atomic: mxbounce may count an error of the address at this moment.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local key = KEYS[1]
local e = redis.call('HMGET', key, 'status', 'release')
if not e[1] or entry_released(e[1], tonumber(e[2]) or 0, now) then return {0, 0} end
local till = now + tonumber(ARGV[3])
if e[1] == 'counting' then
    entry_forget(key)
    redis.call('HSET', key, 'before', now)
    entry_end(key, till)
    return {1, 0}
end
redis.call('HDEL', key, 'held')
redis.call('HSET', key, 'status', 'released', 'release', now, 'released', ARGV[2])
entry_set(key, {'quiet', ARGV[3]})
entry_end(key, till)
return {1, till}
