-- delivered: a message reached the address, which ends all doubt that soft errors raised.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     when it was delivered, Unix time; 0: now
-- Reply {outcome, reason, status, expiry as Unix time or 0}
--       outcome: none (nothing to end) | cleared (errors forgotten) | released (from a quarantine
--                for soft errors) | hard (a hard error stands: an operator decides) | older (an
--                error came after that delivery)
--       reason: the one that was ended or stands; status, expiry: of the entry afterwards
--
-- The date stays in the hash as long as it lives, so that a late notice of an older failure does
-- not count again. An address without a hash gets none.
--
-- Why atomic: mxbounce may count an error of the address at this moment.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local at = tonumber(ARGV[2])
if at == 0 or at > now then at = now end
local key = KEYS[1]
local e = redis.call('HMGET', key, 'status', 'type', 'reason', 'last', 'release', 'quiet', 'delivered',
    'ndrs')
local status, last, until_ = e[1], tonumber(e[4]) or 0, tonumber(e[5]) or 0
local quiet, before = tonumber(e[6]) or 864000, tonumber(e[7]) or 0

if status or e[7] or e[8] then
    if at > before then redis.call('HSET', key, 'delivered', at) end
end
local expiry = until_ > 0 and until_ + quiet or 0
if status == 'counting' then expiry = last + quiet end
if not status or entry_released(status, until_, now) then
    return {'none', e[3] or '', status or '', status and expiry or 0}
elseif at < last then
    return {'older', e[3] or '', status, expiry}
elseif e[2] == 'hard' then
    return {'hard', e[3] or '', status, expiry}
elseif status ~= 'quarantined' then
    entry_forget(key)
    entry_end(key, last + quiet)
    return {'cleared', e[3] or '', '', 0}
end
redis.call('HSET', key, 'status', 'released', 'release', now, 'released', 'delivered')
entry_end(key, now + quiet)
return {'released', e[3] or '', 'released', now + quiet}
