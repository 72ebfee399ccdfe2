-- mail_end: what became of a mail that mail_take or mail_digest gave leave to.
--
-- KEYS  1-4   as of mail_take
-- ARGV  1     now in ms; 0: Redis TIME
--       2     the event's ID, or the digest's name
--       3     1: it was handed over; 0: not now, so it counts for nothing
--       4     a failed digest is not tried for so many ms
-- Reply 1
--
-- Why atomic: between its parts another node would see a mail too many or too few.
local now = tonumber(ARGV[1])
if now == 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local mails, digest, state, id = KEYS[1], KEYS[3], KEYS[4], ARGV[2]
local is_digest, sent = string.sub(id, 1, 1) == '~', ARGV[3] == '1'

redis.call('ZREM', mails, is_digest and id or '~' .. id)
if sent then
    redis.call('ZADD', mails, now, is_digest and string.sub(id, 2) or id)
    redis.call('PEXPIRE', mails, 86400000)
end
if is_digest and sent then
    redis.call('DEL', digest)
    redis.call('HDEL', state, 'lock', 'digest_over')
elseif is_digest then
    redis.call('HSET', state, 'lock', now + tonumber(ARGV[4]))
end
return 1
