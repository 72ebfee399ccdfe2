-- undo: takes back what mxbounce decided about an address, if it is still what was looked at.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     by whom: "undo ID"
--       3     for so many seconds notices of failures before now do not count
--       4-7   status, reason, last, since as they were read; "": no such field
-- Reply {done, expiry}
--       done: 1; 0: the entry is another one by now
--       expiry: of what remains, Unix time; 0: no entry remains
--
-- Like remove.lua it leaves the story of a quarantine as released, and the field `released` says by
-- which undo: import.lua takes that for leave to put the entry back.
--
-- Why atomic: mxbounce may count an error of the address at this moment.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local key = KEYS[1]
local e = redis.call('HMGET', key, 'status', 'reason', 'last', 'since', 'release')
for i = 1, 4 do
    if (e[i] or '') ~= ARGV[3 + i] then return {0, 0} end
end
if not e[1] or entry_released(e[1], tonumber(e[5]) or 0, now) then return {0, 0} end
local till = now + tonumber(ARGV[3])
if e[1] == 'counting' then
    entry_forget(key)
    redis.call('HSET', key, 'before', now, 'released', ARGV[2])
    entry_end(key, till)
    return {1, 0}
end
redis.call('HDEL', key, 'held')
redis.call('HSET', key, 'status', 'released', 'release', now, 'released', ARGV[2])
entry_set(key, {'quiet', ARGV[3]})
entry_end(key, till)
return {1, till}
