-- denied: which commands the user that is logged in may not run. Runs none of them.
--
-- KEYS  1     a key of ours
-- ARGV        commands: "hget", "script|load"
-- Reply those that are denied; {"?"} from a Redis before 7, which cannot tell
--
-- A script because only a script may ask this without rights over other users. Redis 7.0 looks for the keys behind a number
-- or a word of some commands without looking whether they have so many arguments, and dies of it: these are whole here.
if not redis.acl_check_cmd then return {'?'} end
local key = KEYS[1]
local whole = {
    eval = {'return 1', '1', key},
    evalsha = {string.rep('0', 40), '1', key},
    xread = {'STREAMS', key, '0'},
    xreadgroup = {'GROUP', 'group', 'consumer', 'STREAMS', key, '>'},
}
local denied = {}
for _, name in ipairs(ARGV) do
    local first, second = string.match(name, '^([^|]+)|?(.*)$')
    -- A command that this Redis does not have is an error: nothing can be said of it.
    local arguments = whole[name] or {second ~= '' and second or key}
    local known, may = pcall(redis.acl_check_cmd, first, unpack(arguments))
    if known and not may then denied[#denied + 1] = name end
end
return denied
