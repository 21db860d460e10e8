"""What is done in a Redis at once, in Lua.

An app's requests are under nine keys. ``batches`` has them as they were written; ``batch_of`` has
the batch of each by id, and ``left`` how many of a batch there still are. ``summaries`` has those
that were read. ``index`` has the ids in their order, and ``cleared`` those that can be restored:
each with an ``r`` before it, or an ``f`` if it is of a static file. The streams ``requests`` and
``files`` have the ids in the order of arrival: the clocks of machines differ, and what comes from
one that is late must not be the first to go. ``state`` has the bytes of all, and when they were
cleared, by the clock of Redis. The stream of what was added to any app is for those that follow it.
"""

from __future__ import annotations

import typing as t

from ...store import RESTORABLE_SECONDS
from .keys import ADDED, APPS, keys_of

#: How long the requests of an app are kept after the last of them, in seconds.
KEPT_SECONDS = 7 * 86_400
# How many requests back it can be followed.
_FOLLOWED = 10_000

_COMMON = f"""
local index, cleared, requests, files, summaries, batches, batch_of, left, state, apps, added =
  unpack(KEYS)
local types = {{
  'zset', 'zset', 'stream', 'stream', 'hash', 'hash', 'hash', 'hash', 'hash', 'zset', 'stream',
}}
for number, expected in ipairs(types) do
  local found = redis.call('TYPE', KEYS[number])['ok']
  if found ~= 'none' and found ~= expected then
    return redis.error_reply('FOREIGN ' .. KEYS[number])
  end
end
local now = tonumber(redis.call('TIME')[1])

local function weigh(bytes)
  redis.call('HINCRBY', state, 'bytes', bytes)
end

local function discard(id)
  weigh(0 - redis.call('HSTRLEN', summaries, id))
  redis.call('HDEL', summaries, id)
  local batch = redis.call('HGET', batch_of, id)
  redis.call('HDEL', batch_of, id)
  if batch and redis.call('HINCRBY', left, batch, -1) <= 0 then
    weigh(0 - redis.call('HSTRLEN', batches, batch))
    redis.call('HDEL', batches, batch)
    redis.call('HDEL', left, batch)
  end
end

local function keep(seconds)
  for number = 1, 9 do redis.call('EXPIRE', KEYS[number], seconds) end
end

local since = tonumber(redis.call('HGET', state, 'cleared') or '')
if since and math.abs(now - since) > {RESTORABLE_SECONDS:.0f} then
  for _, member in ipairs(redis.call('ZRANGE', cleared, 0, -1)) do discard(member:sub(2)) end
  redis.call('DEL', cleared)
  redis.call('HDEL', state, 'cleared')
end
"""

#: Adds a batch, and removes the oldest requests beyond the limits. Takes the limits, the app's
#: name, a new name for the batch, the batch, and for each of its requests the member of ``index``,
#: "1" if it is cleared, and its summary, which may be empty. Returns how many were removed,
#: and how many of these for the limit of bytes. What is there already is not added again.
WRITE = f"""{_COMMON}
local most, most_bytes, app = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local batch, data = ARGV[4], ARGV[5]
local evicted, too_large = 0, 0

-- Remove the one of a kind that came first.
local function evict(kind, stream)
  while true do
    local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    local member
    if first then
      redis.call('XDEL', stream, first[1])
      member = kind .. tostring(first[2][2])
    else
      member = redis.call('ZRANGEBYLEX', index, '[' .. kind, '(' .. kind .. 'g', 'LIMIT', 0, 1)[1]
      if not member then return end
    end
    -- Otherwise it was cleared, or is of another program.
    if redis.call('ZREM', index, member) == 1 then
      evicted = evicted + 1
      return discard(member:sub(2))
    end
  end
end

local function count(kind)
  return redis.call('ZLEXCOUNT', index, '[' .. kind, '(' .. kind .. 'g')
end

for at = 6, #ARGV, 3 do
  local member, summary = ARGV[at], ARGV[at + 2]
  local kind, id = member:sub(1, 1), member:sub(2)
  if redis.call('HSETNX', batch_of, id, batch) == 1 then
    redis.call('HINCRBY', left, batch, 1)
    if summary ~= '' then
      redis.call('HSET', summaries, id, summary)
      weigh(#summary)
    end
    if ARGV[at + 1] == '1' then
      redis.call('ZADD', cleared, 0, member)
      redis.call('HSETNX', state, 'cleared', now)
    else
      local stream = kind == 'f' and files or requests
      redis.call('ZADD', index, 0, member)
      redis.call('XADD', stream, 'MAXLEN', '~', 2 * most + 100, '*', 'id', id)
      redis.call('XADD', added, 'MAXLEN', '~', {_FOLLOWED}, '*', 'app', app, 'member', member)
    end
  end
end
if redis.call('HEXISTS', left, batch) == 1 then
  redis.call('HSET', batches, batch, data)
  weigh(#data)
end

for kind, stream in pairs({{r = requests, f = files}}) do
  for _ = 1, count(kind) - most do evict(kind, stream) end
end
local total = redis.call('ZCARD', index) + redis.call('ZCARD', cleared)
while total > 1 and tonumber(redis.call('HGET', state, 'bytes') or 0) > most_bytes do
  local oldest = redis.call('ZRANGE', cleared, 0, 0)[1]
  if oldest then
    redis.call('ZREM', cleared, oldest)
    discard(oldest:sub(2))
  elseif count('f') > 0 then
    evict('f', files)
  else
    evict('r', requests)
  end
  if not oldest then too_large = too_large + 1 end
  total = total - 1
end
keep({KEPT_SECONDS})
redis.call('ZADD', apps, now, app)
redis.call('ZREMRANGEBYSCORE', apps, '-inf', now - {KEPT_SECONDS})
redis.call('EXPIRE', apps, {KEPT_SECONDS})
redis.call('EXPIRE', added, {KEPT_SECONDS})
return {{evicted, too_large}}
"""

#: Stores summaries that a reader made. Takes the ids, each with its summary.
SUMMARIZE = f"""{_COMMON}
for at = 1, #ARGV, 2 do
  local id, summary = ARGV[at], ARGV[at + 1]
  if redis.call('HEXISTS', batch_of, id) == 1 then
    if redis.call('HSETNX', summaries, id, summary) == 1 then weigh(#summary) end
  end
end
if redis.call('TTL', summaries) == -1 then
  redis.call('EXPIRE', summaries, redis.call('TTL', batches))
end
return 1
"""

_CLEARED = """
local members = {}
for _, kind in ipairs({'r', 'f'}) do
  local found = redis.call('ZRANGEBYLEX', index, '[' .. kind, '(' .. kind .. ARGV[1])
  for _, member in ipairs(found) do table.insert(members, member) end
end
for _, member in ipairs(members) do redis.call('ZREM', index, member) end
"""

#: Takes requests out of the lists; for a while, they can be restored. Takes the id before which
#: they sort.
CLEAR = f"""{_COMMON}{_CLEARED}
-- Cleared twice, both come back: the second time may be the slip.
for _, member in ipairs(members) do redis.call('ZADD', cleared, 0, member) end
if #members > 0 then
  redis.call('HSET', state, 'cleared', now)
  if redis.call('ZCARD', index) == 0 then keep({RESTORABLE_SECONDS:.0f}) end
end
return 1
"""

#: Removes the same requests, and what was cleared.
REMOVE = f"""{_COMMON}{_CLEARED}
for _, member in ipairs(redis.call('ZRANGE', cleared, 0, -1)) do table.insert(members, member) end
redis.call('DEL', cleared)
for _, member in ipairs(members) do discard(member:sub(2)) end
if redis.call('ZCARD', index) == 0 then
  for number = 1, 9 do redis.call('DEL', KEYS[number]) end
end
return 1
"""

#: Brings back what was cleared.
RESTORE = f"""{_COMMON}
if redis.call('ZCARD', cleared) > 0 then
  redis.call('ZUNIONSTORE', index, 2, index, cleared)
  redis.call('DEL', cleared)
  redis.call('HDEL', state, 'cleared')
  keep({KEPT_SECONDS})
end
return 1
"""


def call(script: str, app: str, *arguments: t.Any) -> tuple[t.Any, ...]:
    """Return the command that runs a script.

    :param app: the escaped name of an app.
    """
    keys = (*keys_of(app).values(), APPS, ADDED)
    return ("EVAL", script, len(keys), *keys, *arguments)


__all__ = ["CLEAR", "KEPT_SECONDS", "REMOVE", "RESTORE", "SUMMARIZE", "WRITE", "call"]
