-- error: one failed delivery of an address, counted as the quarantine table says.
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     id of the NDR
--       3     type        4  reason
--       5     errors after which the address is quarantined (1 and more)
--       6     release after so many seconds of quarantine; 0: never
--       7     significant period in s: within it one error counts
--       8     quiet reset in s: without an error for so long, counting starts anew
--       then field, value, field, value... to store as they are (code, text, mx, rule, ...)
-- Reply {outcome, errors of this reason, status, expiry as Unix time or 0}
--       outcome: counted | quarantined | known (quarantined before) | again (this NDR was seen)
--                | same (an error of this significant period was counted already)
--
-- Why atomic: twenty processes may bring the same NDR, or different ones of one address, at once.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local id, kind, reason = ARGV[2], ARGV[3], ARGV[4]
local threshold, release = tonumber(ARGV[5]), tonumber(ARGV[6])
local period, quiet = tonumber(ARGV[7]), tonumber(ARGV[8])
local key, count = KEYS[1], 'errors:' .. ARGV[4]

local e = redis.call('HMGET', key, 'status', 'type', 'last', 'ndrs', count, 'release', 'first',
    'errors', 'late')
local status, last, ndrs = e[1], tonumber(e[3]) or 0, e[4] or ''
local errors, until_, total = tonumber(e[5]) or 0, tonumber(e[6]) or 0, tonumber(e[8]) or 0
if status == 'counting' and now - last >= quiet or status == 'quarantined' and until_ > 0 and until_ <= now then
    redis.call('DEL', key) -- what the key's own expiry would have done
    status, last, ndrs, errors, until_, total, e[7] = false, 0, '', 0, 0, 0, false
end

local expiry = status == 'quarantined' and until_ or status and last + quiet or 0
if string.find(' ' .. ndrs .. ' ', ' ' .. id .. ' ', 1, true) then
    return {'again', errors, status or '', expiry}
end
local seen = id
for old in string.gmatch(ndrs, '%S+') do -- the last eight, newest first
    local _, n = string.gsub(seen, ' ', ' ')
    if n < 7 then seen = seen .. ' ' .. old end
end
redis.call('HSET', key, 'ndrs', seen)

local harder = kind == 'hard' and e[2] ~= 'hard'
if status == 'quarantined' then
    -- Nothing changes but by a hard error of an address that is there for a soft one, and by that
    -- only once there are enough of them.
    local counts = harder and (errors == 0 or now - (tonumber(e[9]) or 0) >= period)
    if not counts or errors + 1 < threshold then
        if counts then
            errors = errors + 1
            redis.call('HSET', key, count, errors, 'errors', total + 1)
        end
        redis.call('HSET', key, 'late', now)
        return {'known', errors, status, expiry}
    end
end
if status and not harder and now - last < period then
    return {'same', errors, status, expiry}
end

errors = errors + 1
local outcome, till = 'counted', now + quiet
if errors >= threshold then
    outcome, till = 'quarantined', release > 0 and now + release or 0
end
redis.call('HSET', key, 'status', outcome == 'quarantined' and 'quarantined' or 'counting',
    'type', kind, 'reason', reason, 'errors', total + 1, count, errors,
    'first', e[7] or now, 'last', now, 'by', 'mxbounce', unpack(ARGV, 9))
if outcome == 'quarantined' then
    redis.call('HSET', key, 'since', now, 'release', till)
end
if till > 0 then redis.call('EXPIREAT', key, till) else redis.call('PERSIST', key) end
return {outcome, errors, outcome == 'quarantined' and 'quarantined' or 'counting', till}
