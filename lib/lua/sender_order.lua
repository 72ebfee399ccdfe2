-- sender_order: what an operator orders for an account.
-- uses date sender
--
-- KEYS  1     mxpace:{a:NAME}         the account's state (prelude sender)
--       2     mxpace:{a:NAME}:stats   as for sender.lua
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     suspend | resume | resume_fully | exempt | unexempt
--       3     why   4  by
--       5     probation: recipients on the first day; 0: no probation
-- Reply as sender.lua
--
-- What was counted before a resume counts no more.
--
-- Why atomic: mails and bounces of the account are counted meanwhile.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local key, stats, order, start = KEYS[1], KEYS[2], ARGV[2], tonumber(ARGV[5])
local f = sender_read(key)
local w = sender_window(stats, f, now)
local resumes = order == 'resume' or order == 'resume_fully'

if order == 'exempt' then
    f.exempt = '1'
    redis.call('HSET', key, 'exempt', 1)
    redis.call('PERSIST', key)
elseif order == 'unexempt' then
    f.exempt = nil
    redis.call('HDEL', key, 'exempt')
    if f.state ~= 'suspended' then redis.call('EXPIRE', key, 34560000) end
end
if order == 'suspend' then
    sender_become(key, f, 'suspended', now, w, ARGV[3], ARGV[4])
elseif resumes and f.state ~= 'ok' then
    local n = redis.call('HMGET', stats .. ':' .. date_hour(math.floor(now / 3600)), 'sent', 'hard',
        'complaint')
    local on_probation = order == 'resume' and f.state == 'suspended' and start > 0
    if order == 'resume_fully' or f.state ~= 'probation' then
        sender_become(key, f, on_probation and 'probation' or 'ok', now, w, ARGV[3], ARGV[4])
        redis.call('HSET', key, 'from', now, 'skip_sent', n[1] or 0, 'skip_hard', n[2] or 0,
            'skip_complaint', n[3] or 0)
    end
    if on_probation then
        f.stage, f.allowance = 0, start
        redis.call('HSET', key, 'stage', 0, 'allowance', start, 'day', math.floor(now / 86400),
            'day_sent', 0)
    end
elseif order == 'exempt' and f.state ~= 'ok' then
    sender_become(key, f, 'ok', now, w, ARGV[3], ARGV[4])
end
return sender_reply(false, false, f)
