-- denied: which commands the user that is logged in may not run. Runs none of them.
--
-- KEYS  1     a key of ours
-- ARGV        commands: "hget", "script|load"
-- Reply those that are denied; {"?"} from a Redis before 7, which cannot tell
--
-- A script because only a script may ask this without rights over other users.
if not redis.acl_check_cmd then return {'?'} end
local denied = {}
for _, name in ipairs(ARGV) do
    local first, second = string.match(name, '^([^|]+)|?(.*)$')
    -- A command that this Redis does not have is an error: nothing can be said of it.
    local known, may = pcall(redis.acl_check_cmd, first, second ~= '' and second or KEYS[1])
    if known and not may then denied[#denied + 1] = name end
end
return denied
