-- mail_digest: leave to mail the digest that is due to a recipient.
--
-- KEYS  1-4   as of mail_take
-- ARGV  1     now in ms; 0: Redis TIME
--       2     mails in an hour at most
--       3     ms for which nobody else mails it
--       4     lines wanted
-- Reply {what, due in ms, count, name, line...}
--       what: mail (do it, then mail_end with that name) | wait (until due) | none (nothing waits)
--       count: events that it tells of, lines wanted or not
--
-- Why atomic: of several nodes one mails it.
local now = tonumber(ARGV[1])
if now == 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local mails, more, digest, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
-- A clock that was set back: what it put into the future counts as of now, not until then.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', mails, '(' .. now, '+inf')) do
    redis.call('ZADD', mails, now, name)
end
local lock = tonumber(redis.call('HGET', state, 'lock')) or 0
if lock > now and lock <= now + tonumber(ARGV[3]) then return {'wait', lock, 0, ''} end
local again = redis.call('EXISTS', digest) == 1
if not again then
    if redis.call('EXISTS', more) == 0 then return {'none', 0, 0, ''} end
    local due = tonumber(redis.call('HGET', state, 'due')) or 0
    if due > now then return {'wait', due, 0, ''} end
end
local hour = '(' .. (now - 3600000)
local sent = redis.call('ZCOUNT', mails, hour, '+inf')
if sent >= tonumber(ARGV[2]) then
    -- As many must leave the hour as are there too many, and one more.
    local first = redis.call('ZRANGEBYSCORE', mails, hour, '+inf', 'WITHSCORES', 'LIMIT',
        sent - tonumber(ARGV[2]), 1)
    return {'wait', tonumber(first[2]) + 3600000, 0, ''}
end
if not again then
    redis.call('RENAME', more, digest)
    redis.call('HSET', state, 'digest_over', redis.call('HGET', state, 'over') or 0)
    redis.call('HDEL', state, 'due', 'over')
end
redis.call('HSET', state, 'lock', now + tonumber(ARGV[3]))
redis.call('PEXPIRE', state, 7 * 86400000)
local name = '~digest-' .. now
redis.call('ZADD', mails, now, name)
redis.call('PEXPIRE', mails, 86400000)
local count = redis.call('ZCARD', digest) + tonumber(redis.call('HGET', state, 'digest_over') or 0)
local reply = {'mail', 0, count, name}
for _, line in ipairs(redis.call('ZRANGE', digest, 0, tonumber(ARGV[4]) - 1)) do
    reply[#reply + 1] = line
end
return reply
