-- What several actors may do on one path: their permission there, and all
-- grants that cover it.
-- It reads only.
--
-- ARGV: layout, hub, folded path, caller whose grants to write_acl count (or
--       empty), folded actors...
-- Answers: ok, grants of the caller, then for each actor { id, path, actor,
--       operations, MAC, grants } with an empty id when there is none

local refused = refusal()
if refused then
    return refused
end

local path = ARGV[3]
local answer = { 'ok', grants(ARGV[4], 'W', path) }

for i = 5, #ARGV do
    local row = { '', '', '', '0', '' }
    local id = redis.call('HGET', prefix .. 'actor:' .. ARGV[i], path)
    if id then
        row = redis.call('HMGET', prefix .. 'permission:' .. id,
            'path', 'actor', 'operations', 'mac')
        table.insert(row, 1, id)
    end

    local found = {}
    for _, operation in ipairs({ 'r', 'w', 'd', 'R', 'W' }) do
        for _, item in ipairs(grants(ARGV[i], operation, path)) do
            found[#found + 1] = item
        end
    end

    row[6] = found
    answer[#answer + 1] = row
end

return answer
