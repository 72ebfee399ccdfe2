-- give_back: a message that was taken and will not go out (its recipient turned out to be in
-- quarantine) leaves the rings again.
-- uses ring stamp
--
-- KEYS  1...  mxpace:{g:GROUP}:sent:IP:PERIOD
-- ARGV  1     the time in ms that take replied
--       then for each ring: bucket width in ms, number of buckets
-- Reply the number of rings it left
--
-- Why atomic: `total` and the bucket must go down together, and only while that bucket still is
-- the one the message was counted in.
local left, stamp = 0, tonumber(ARGV[1])
for k = 1, #KEYS do
    if ring_back(KEYS[k], tonumber(ARGV[k * 2]), tonumber(ARGV[k * 2 + 1]), stamp) then
        left = left + 1
    end
end
return left
