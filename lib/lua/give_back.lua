-- give_back: a message that was taken and will not go out (its recipient turned out to be in
-- quarantine) leaves the rings again.
--
-- KEYS  1...  mxpace:{g:GROUP}:sent:IP:PERIOD
-- ARGV  1     the time in ms that take replied
--       then for each ring: bucket width in ms, number of buckets
-- Reply the number of rings it left
--
-- Why atomic: `total` and the bucket must go down together, and only while that bucket still is
-- the one the message was counted in.
local left = 0
for k = 1, #KEYS do
    local width, size = tonumber(ARGV[k * 2]), tonumber(ARGV[k * 2 + 1])
    local bucket = math.floor(ARGV[1] / width)
    local ring = redis.call('HMGET', KEYS[k], 'head', 'total', bucket % size)
    local head, total, count = tonumber(ring[1]), tonumber(ring[2]) or 0, tonumber(ring[3]) or 0
    if head and head >= bucket and head - bucket < size and count > 0 and total > 0 then
        redis.call('HSET', KEYS[k], 'total', total - 1, bucket % size, count - 1)
        left = left + 1
    end
end
return left
