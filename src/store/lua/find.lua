-- Names that begin with a prefix and contain a text, one step.
-- It reads only.
--
-- ARGV: layout, hub, prefix, text, cursor (the last name looked at, or empty),
--       index to walk ("names" or "certificates"), microseconds within which
--       the active version expires (empty: whether it does or not), actor whose
--       grants to read count (or empty)
-- Answers: ok, next cursor (empty: no more), { name, folded name, created,
--          sequence, expires, grants }...

local refused = refusal()
if refused then
    return refused
end

local start, like, cursor, actor = ARGV[3], ARGV[4], ARGV[5], ARGV[8]
local limit = ARGV[7] ~= '' and now() + tonumber(ARGV[7])
local columns = { 'name', 'created', 'sequence', 'expires', 'version',
    'transitional', 'pending' }

local names = redis.call('ZRANGEBYLEX', prefix .. ARGV[6],
    cursor == '' and '[' .. start or '(' .. cursor, '+', 'LIMIT', 0, STEP)

local answer = { 'ok', '' }

-- What stands under the name, unless that is a transitional version.
local function active(name)
    local row = redis.call('HMGET', prefix .. 'credential:' .. name,
        unpack(columns))
    local found = row[7] and standing(name)
    if found and found.state == 'committed' then
        row = redis.call('HMGET', prefix .. 'version:' .. found.staged,
            unpack(columns))
    end
    if not row[6] or row[6] ~= row[5] then
        return row
    end
end

for i, name in ipairs(names) do
    if string.sub(name, 1, string.len(start)) ~= start then
        break
    end
    local row = string.find(name, like, 1, true) and active(name)
    if row and (not limit or row[4] and tonumber(row[4]) <= limit) then
        answer[#answer + 1] = { row[1], name, row[2], row[3], row[4],
            grants(actor, 'r', name) }
    end
    if i == STEP then
        answer[2] = name
    end
end

return answer
