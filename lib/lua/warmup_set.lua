-- warmup_set: changes a sending IP's warm-up, unless it is no longer what the change was decided by.
--
-- KEYS  1     mxpace:{w:IP}
--       2     mxpace:{w:IP}:history
-- ARGV  1     state it must be in: running, paused...; several: "|running|paused|"; "": any
--       2     a field, 3 what it must be: "" not there
--       4     1: all other fields are dropped
--       5     seconds until it is forgotten; 0: not
--       6     how many fields follow to be set: name and value in turn, "" takes it away
--       then for the history name and value in turn; none: nothing is added
-- Reply 1: changed; 0: another one was quicker
--
-- Why atomic: two mxpolicyd may judge the same day, an operator may pause or skip meanwhile; each day
-- is judged once, and the history has what became of it.
local state = redis.call('HGET', KEYS[1], 'state') or ''
if ARGV[1] ~= '' and not string.find(ARGV[1], '|' .. state .. '|', 1, true) then return 0 end
if ARGV[2] ~= '' and (redis.call('HGET', KEYS[1], ARGV[2]) or '') ~= ARGV[3] then return 0 end
if ARGV[4] == '1' then redis.call('DEL', KEYS[1]) end
local last = 6 + 2 * ARGV[6]
for i = 7, last, 2 do
    if ARGV[i + 1] == '' then
        redis.call('HDEL', KEYS[1], ARGV[i])
    else
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
if #ARGV > last then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', unpack(ARGV, last + 1))
end
if ARGV[5] ~= '0' then
    redis.call('EXPIRE', KEYS[1], ARGV[5])
    redis.call('EXPIRE', KEYS[2], ARGV[5])
else
    redis.call('PERSIST', KEYS[1])
    redis.call('PERSIST', KEYS[2])
end
return 1
