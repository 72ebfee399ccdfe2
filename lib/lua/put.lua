-- put: an entry as an operator or an import wants it, in place of what is there.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     when it ends by itself, Unix time; 0: never
--       then field, value, field, value...; an empty value is left out
-- Reply 1
--
-- Why atomic: mxpolicyd reads the address, and mxbounce may count an error of it, at this moment.
local key = KEYS[1]
entry_forget(key)
local fields = {}
for i = 2, #ARGV do fields[#fields + 1] = ARGV[i] end
entry_set(key, fields)
entry_end(key, tonumber(ARGV[1]))
return 1
