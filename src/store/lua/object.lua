-- Several objects, and what an actor may do with each.
--
-- ARGV: layout, hub, { key, folded permission resource, letter of the
--       operation, actor whose grants count (or empty) }...
-- Answers: ok, { row (empty: there is none), grants }...

local refused = refusal()
if refused then
    return refused
end

local answer = { 'ok' }

for i = 3, #ARGV, 4 do
    answer[#answer + 1] = { object_row(ARGV[i]) or {},
        grants(ARGV[i + 3], ARGV[i + 2], ARGV[i + 1]) }
end

return answer
