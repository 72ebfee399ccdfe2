-- guard_entry: what an operator's decision about a guard means for one address.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     confirm (a held entry is quarantined) | dismiss (errors of the reason since the guard
--             began are taken off) | undo (the same of an entry that mxbounce has quarantined)
--       2     reason
--       3     Unix time: when the guard began; undo: entries quarantined before stay
--       4     release after so many seconds of quarantine; 0: never
--       5     who
-- Reply {1: it was so and is changed, status, expiry as Unix time or 0}
--
-- Notices of mail that failed before now do not count after a dismissal.
--
-- Why atomic: mxbounce may count an error of the address at this moment.
local now = tonumber(redis.call('TIME')[1])
local key, verb, reason, since = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local count = 'errors:' .. reason
local e = redis.call('HMGET', key, 'status', 'reason', 'by', 'since', 'quiet', 'errors', count, 'dates',
    'first')
local status, quiet = e[1], tonumber(e[5]) or 864000
local errors = entry_errors(e[7], reason, e[2], tonumber(e[6]))
local mine = verb == 'confirm' and status == 'held' and e[2] == reason or
    verb == 'dismiss' and (status == 'held' or status == 'counting') and errors > 0 or
    verb == 'undo' and status == 'quarantined' and e[2] == reason and (e[3] or 'mxbounce') == 'mxbounce' and
        errors > 0 and (tonumber(e[4]) or 0) >= since
if not mine then return {0, status or '', 0} end

if verb == 'confirm' then
    local release = tonumber(ARGV[4])
    local till = release > 0 and now + release + quiet or 0
    redis.call('HDEL', key, 'held', 'late')
    redis.call('HSET', key, 'status', 'quarantined', 'since', now, 'release',
        release > 0 and now + release or 0, 'by', ARGV[5])
    entry_end(key, till)
    return {1, 'quarantined', till}
end

local taken, left, last = 0, nil, 0
for date in string.gmatch(e[8] or e[9] or '', '%S+') do
    if tonumber(date) >= since then
        taken = taken + 1
    else
        left, last = left and left .. ' ' .. date or date, math.max(last, tonumber(date))
    end
end
taken = math.min(math.max(taken, 1), errors)
local total = (tonumber(e[6]) or errors) - taken
if total <= 0 or not left then
    entry_forget(key)
    redis.call('HSET', key, 'before', now)
    entry_end(key, now + quiet)
    return {1, '', 0}
end
redis.call('HDEL', key, 'held', 'since', 'release', 'late')
if e[7] then redis.call('HSET', key, count, errors - taken) end
redis.call('HSET', key, 'status', 'counting', 'errors', total, 'dates', left, 'last', last, 'before', now)
entry_end(key, last + quiet)
return {1, 'counting', last + quiet}
