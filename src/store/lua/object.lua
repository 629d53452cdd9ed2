-- Several objects, and what an actor may do with each.
-- It reads only.
--
-- ARGV: layout, hub, { key (or "KIND?TEXT": the object of that kind with this
--       unique text), folded permission resource (empty: as the key says), letter of
--       the operation, actor whose grants count (or empty), 1 when the first
--       that it refers to comes along }...
-- Answers: ok, { row (empty: there is none), grants, row of what it refers to
--          (empty: nothing) }...

local refused = refusal()
if refused then
    return refused
end

local answer = { 'ok' }

-- A text that nothing has leads to a key that nothing has.
local function named(key)
    local kind, text = string.match(key, '^([^/?]*)?(.*)$')
    return kind and kind .. '/' .. (redis.call('HGET',
        prefix .. 'unique:' .. kind, text) or '') or key
end

local function referred(key)
    local ref = string.match(
        redis.call('HGET', prefix .. 'object:' .. key, 'refs') or '', '%S+')
    return ref and object_row(ref)
end

for i = 3, #ARGV, 5 do
    local key, path = named(ARGV[i]), ARGV[i + 1]
    answer[#answer + 1] = { object_row(key) or {},
        grants(ARGV[i + 3], ARGV[i + 2], path ~= '' and path
            or object_path(key)),
        ARGV[i + 4] ~= '' and referred(key) or {} }
end

return answer
