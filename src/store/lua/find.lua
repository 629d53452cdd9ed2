-- Names that begin with a prefix and contain a text, one step.
--
-- ARGV: layout, hub, prefix, text, cursor (the last name looked at, or empty),
--       actor whose grants to read count (or empty)
-- Answers: ok, next cursor (empty: no more), { name, folded name, created,
--          sequence, grants }...

local refused = refusal()
if refused then
    return refused
end

local start, like, cursor = ARGV[3], ARGV[4], ARGV[5]

local names = redis.call('ZRANGEBYLEX', prefix .. 'names',
    cursor == '' and '[' .. start or '(' .. cursor, '+', 'LIMIT', 0, STEP)

local answer = { 'ok', '' }

for i, name in ipairs(names) do
    if string.sub(name, 1, string.len(start)) ~= start then
        break
    end
    if string.find(name, like, 1, true) then
        local row = redis.call('HMGET', prefix .. 'credential:' .. name,
            'name', 'created', 'sequence')
        answer[#answer + 1] = { row[1], name, row[2], row[3],
            grants(ARGV[6], 'r', name) }
    end
    if i == STEP then
        answer[2] = name
    end
end

return answer
