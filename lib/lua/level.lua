-- level: an operator sets how fast the fleet, a pool, a sending IP or a rule sends, or takes it back.
--
-- KEYS  1     mxpace:levels
--       2     mxpace:pace:version
--       3     mxpace:events
-- ARGV  1     field: "all", "pool:NAME", "ip:NAME", "rule:NAME"
--       2     level; "": as configured from now on
--       3     who
--       4     events that are kept, about
-- Reply {changed, before}
--       changed: 1; 0: it was so already, and nothing was done
--       before: what the field said, "" nothing
--
-- Why atomic: nodes that see the new version must see the change, and the change must be on record.
-- The keys have no hash tag in common; on a cluster they would need one.
local field, level, who = ARGV[1], ARGV[2], ARGV[3]
local before = redis.call('HGET', KEYS[1], field) or ''
if string.match(before, '^%S*') == level then return {0, before} end
if level == '' then
    redis.call('HDEL', KEYS[1], field)
else
    local now = redis.call('TIME')[1]
    redis.call('HSET', KEYS[1], field, level .. ' since ' .. now .. ' by ' .. who)
end
redis.call('INCR', KEYS[2])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', 'type', 'level', 'scope', field,
    'level', level ~= '' and level or 'default', 'before', string.match(before, '^%S*'), 'by', who)
return {1, before}
