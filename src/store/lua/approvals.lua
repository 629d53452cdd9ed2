-- One step of the approvals of an owner, in their order.
-- It reads only.
--
-- ARGV: layout, hub, key of the owner, type, its folded permission resource,
--       actor whose grants to read count (or empty), sequence to go on behind,
--       most rows, bytes after which the step ends
-- Answers: ok, uid of the owner, grants, type, next sequence (0: no more),
--          row..., or missing: no owner, empty, grants

local refused = refusal()
if refused then
    return refused
end

local uid, allowed = approval_owner(ARGV[3], ARGV[5], ARGV[6], 'r')
if not uid then
    return { 'missing', '', allowed }
end

local limit, bytes = math.min(tonumber(ARGV[8]), STEP), tonumber(ARGV[9])
local answer = { 'ok', uid, allowed, ARGV[4], '0' }

-- one more tells whether there is more
local hashes = redis.call('ZRANGEBYSCORE', approvals_key(uid, ARGV[4]),
    '(' .. ARGV[7], '+inf', 'WITHSCORES', 'LIMIT', 0, limit + 1)

for i = 1, #hashes, 2 do
    local row = approval_row(uid, ARGV[4], hashes[i]) or {}
    answer[#answer + 1] = row

    for _, value in ipairs(row) do
        bytes = bytes - string.len(value or '')
    end
    if (bytes <= 0 or (i + 1) / 2 == limit) and hashes[i + 2] then
        answer[5] = hashes[i + 1]
        break
    end
end

return answer
