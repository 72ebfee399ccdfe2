-- mail_take: leave to mail one event to one recipient, or its place in a digest.
--
-- KEYS  1     mxpace:{m:ADDRESS}:mails    what was mailed in the last day, by when (ms); "~" before an
--             event that somebody tries to mail now
--       2     mxpace:{m:ADDRESS}:more     what waits for a digest, by when it came (ms)
--       3     mxpace:{m:ADDRESS}:digest   what the digest that is being mailed tells of
--       4     mxpace:{m:ADDRESS}:state    due, lock, over
-- ARGV  1     now in ms; 0: Redis TIME
--       2     mails in an hour at most, the digest included
--       3     ms from the first event of a digest until it is mailed
--       4     ms after which one who tried to mail an event is taken to be dead
--       5     the event's ID     6   a line that tells of it
-- Reply {what, due in ms}
--       what: mail (do it, then mail_end) | more (the digest tells of it, due then) | done (it was
--             mailed) | busy (somebody is about to)
--
-- One mail of the hour is the digest's. While events wait for a digest, later ones do too, so none is
-- told of before those that came earlier.
--
-- Why atomic: several nodes mail to the same people, and may hold the same event.
local at_most = 5000 -- lines kept for a digest; what comes on top is only counted
local now = tonumber(ARGV[1])
if now == 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local mails, more, state = KEYS[1], KEYS[2], KEYS[4]
local per_hour, after, busy, id = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

-- A clock that was set back: what it put into the future counts as of now, not until then.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', mails, '(' .. now, '+inf')) do
    redis.call('ZADD', mails, now, name)
end
if redis.call('ZSCORE', mails, id) then return {'done', 0} end
local tried = tonumber(redis.call('ZSCORE', mails, '~' .. id))
if tried and now - tried < busy then return {'busy', 0} end

local sent = redis.call('ZCOUNT', mails, '(' .. (now - 3600000), '+inf')
if tried and tried > now - 3600000 then sent = sent - 1 end
local waits = redis.call('EXISTS', more) == 1 or redis.call('EXISTS', KEYS[3]) == 1
if not waits and sent < math.max(1, per_hour - 1) then
    redis.call('ZADD', mails, now, '~' .. id)
    redis.call('ZREMRANGEBYSCORE', mails, '-inf', now - 86400000)
    redis.call('PEXPIRE', mails, 86400000)
    return {'mail', 0}
end

local due = tonumber(redis.call('HGET', state, 'due'))
if not due or due > now + after then
    due = now + after
    redis.call('HSET', state, 'due', due)
end
local line = id .. ' ' .. ARGV[6]
if redis.call('ZCARD', more) < at_most or redis.call('ZSCORE', more, line) then
    redis.call('ZADD', more, now, line)
else
    redis.call('HINCRBY', state, 'over', 1)
end
redis.call('PEXPIRE', more, 7 * 86400000)
redis.call('PEXPIRE', state, 7 * 86400000)
return {'more', due}
