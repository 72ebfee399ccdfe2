-- error: one failed delivery of an address, counted as the quarantine table says.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     when it failed, Unix time; 0: now. Notices come late and out of order.
--       3     id of the NDR
--       4     type        5  reason
--       6     errors after which the address is quarantined (1 and more)
--       7     release after so many seconds of quarantine; 0: never
--       8     significant period in s: within it one error counts
--       9     quiet reset in s: without an error for so long, counting starts anew
--       10    1: an outage guard holds group and reason: no quarantine follows, the entry is held
--       then field, value, field, value... to store as they are (code, text, mx, rule, ...); an
--       empty value is left out
-- Reply {outcome, errors of this reason, status, expiry as Unix time or 0}
--       outcome: counted | quarantined | held | known (quarantined before) | again (this NDR was
--                seen) | same (an error of this significant period was counted already) | outdated
--                (it failed before a delivery, a release or a removal, or too long ago)
--
-- Why atomic: twenty processes may bring the same NDR, or different ones of one address, at once.
local held_for = 90 * 86400 -- an operator who is on holiday finds it still
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local at = tonumber(ARGV[2])
if at == 0 or at > now then at = now end
local id, kind, reason = ARGV[3], ARGV[4], ARGV[5]
local threshold, release = tonumber(ARGV[6]), tonumber(ARGV[7])
local period, quiet = tonumber(ARGV[8]), tonumber(ARGV[9])
local guarded = ARGV[10] == '1'
local key, count = KEYS[1], 'errors:' .. reason

local e = redis.call('HMGET', key, 'status', 'type', 'first', 'last', 'dates', 'errors', count,
    'release', 'quiet', 'ndrs', 'late', 'delivered', 'before', 'reason')
local status, type_, first, last = e[1], e[2], tonumber(e[3]), tonumber(e[4]) or 0
local dates, total = e[5] or e[3] or '', tonumber(e[6]) or 0
local errors, was = entry_errors(e[7], reason, e[14], total), e[14]
local until_, kept = tonumber(e[8]) or 0, tonumber(e[9]) or 864000
local ndrs = e[10] or ''
local good = math.max(tonumber(e[12]) or 0, tonumber(e[13]) or 0)

local released, expiry = entry_released(status, until_, now), 0
if released then
    good, expiry = math.max(good, until_), until_ + kept
elseif status == 'counting' then
    expiry = last + kept
elseif status == 'held' then
    expiry = last + held_for
elseif until_ > 0 then
    expiry = until_ + kept
end
if status and expiry > 0 and expiry <= now then -- what the key's own expiry would have done
    status, ndrs, good = false, '', 0
    redis.call('HDEL', key, 'ndrs', 'delivered', 'before')
end
local anew = released or not status
if anew then
    type_, first, last, dates, total, errors, kept, was = false, nil, 0, '', 0, 0, quiet, nil
end
if released and status then status = 'released' end

-- Those of one reason alone have no field of their own; of several each has.
local function count_them(before)
    local others = was and was ~= reason
    if others then redis.call('HSETNX', key, 'errors:' .. was, before) end
    if others or e[7] and not anew then redis.call('HSET', key, count, errors) end
    redis.call('HSET', key, 'errors', total)
end
local function reply(outcome)
    return {outcome, errors, status or '', status and expiry or 0}
end
local function remember()
    local seen, n = id, 1
    for old in string.gmatch(ndrs, '%S+') do -- the last eight, newest first
        n = n + 1
        if n <= 8 then seen = seen .. ' ' .. old end
    end
    redis.call('HSET', key, 'ndrs', seen)
end

if string.find(' ' .. ndrs .. ' ', ' ' .. id .. ' ', 1, true) then return reply('again') end

-- A soft error that lies a quiet time before those counted is none of theirs.
if at < good or kind ~= 'hard' and first and first - at >= quiet then
    if status then remember() end
    return reply('outdated')
end

local harder = kind == 'hard' and type_ ~= 'hard'
if status == 'quarantined' then
    remember()
    -- Nothing changes but by a hard error of an address that is there for a soft one, and by that
    -- only once there are enough of them.
    local counts = harder and (errors == 0 or now - (tonumber(e[11]) or 0) >= period)
    if not counts or guarded or errors + 1 < threshold then
        if counts then
            errors, total = errors + 1, total + 1
            count_them(total - 1)
        end
        redis.call('HSET', key, 'late', now)
        return reply('known')
    end
elseif not harder then
    for date in string.gmatch(dates, '%S+') do
        if math.abs(at - tonumber(date)) < period then
            remember()
            return reply('same')
        end
    end
end

local before = total
if at - last >= quiet then -- this reason's own quiet time, where another's is longer
    total, errors = total - errors, 0
end
total, errors = total + 1, errors + 1
local newest, outcome, becomes = math.max(last, at), 'counted', 'counting'
local stays = math.max(quiet, kept)
local till = newest + stays
if errors >= threshold and not guarded then
    outcome, becomes, till = 'quarantined', 'quarantined', release > 0 and now + release + stays or 0
elseif errors >= threshold or status == 'held' then
    outcome, becomes, till = status == 'held' and 'counted' or 'held', 'held', newest + held_for
end
if becomes ~= 'quarantined' and till <= now then
    errors = errors - 1
    return reply('outdated')
end

if anew then
    entry_forget(key)
    if status == 'released' then redis.call('HSET', key, 'before', good) end
end
remember()
redis.call('HSET', key, 'status', becomes, 'first', math.min(first or at, at), 'last', newest)
count_them(before)
entry_set(key, {'quiet', stays})
if total > 1 then
    local kept_dates, n = tostring(at), 1
    for date in string.gmatch(dates, '%S+') do
        n = n + 1
        if n <= 8 then kept_dates = kept_dates .. ' ' .. date end
    end
    redis.call('HSET', key, 'dates', kept_dates)
end
-- What put an address there is told as long as it is there; else the newest error is.
if outcome ~= 'counted' or becomes == 'counting' and at >= last then
    local told = {'type', kind, 'reason', reason, 'by', 'mxbounce'}
    for i = 11, #ARGV do told[#told + 1] = ARGV[i] end
    entry_set(key, told)
end
if outcome == 'quarantined' then
    redis.call('HDEL', key, 'held', 'late')
    redis.call('HSET', key, 'since', now, 'release', release > 0 and now + release or 0)
elseif outcome == 'held' then
    redis.call('HSET', key, 'held', now)
end
entry_end(key, till)
return {outcome, errors, becomes, till}
