package query_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology/query"
	"github.com/abacus-stream/abacus/topology/worker"
)

// shown is a line of rows.
type shown struct {
	Key, Record, Value []byte
	Start, End         int64
	Error              string
}

// lines asks for rows until they are so many and without an error.
func (c *clicks) lines(base, store, params string, want int) (all []shown) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		all = nil
		status, body, _ := get(c.t, base+"/stores/"+store+"/rows"+params)
		for in := json.NewDecoder(strings.NewReader(body)); ; {
			var next shown
			if in.Decode(&next) != nil {
				break
			}
			all = append(all, next)
		}
		return status == http.StatusOK && len(all) == want && all[want-1].Error == ""
	}, 30*time.Second, 20*time.Millisecond, "last %+v", all)
	return all
}

// Any instance answers for the windows of any key, by the partition of their records.
func TestAnyInstanceAnswersForWindows(t *testing.T) {
	c := newClicks(t)
	_, one, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers, Standbys: 1}, true)
	_, two, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers, Standbys: 1}, true)
	const keys = 12
	for k := range keys {
		c.put("clicks", fmt.Sprintf("key %d", k), "x", 1, 2, 30)
	}
	since := fmt.Sprintf("&since=%d&until=%s", c.at(20).UnixMilli(), c.at(60).UTC().Format(time.RFC3339))
	for store, windows := range map[string]int{"tens": 2, "visits": 2, "hops": 4} {
		for _, base := range []string{one, two} {
			c.lines(base, store, "", keys*windows)
			c.lines(base, store, "?stale=1m", keys*windows) // hopping ones are no standby's to tell
			for k := range keys {
				key := fmt.Sprintf("key %d", k)
				for _, line := range c.lines(base, store, "?key="+url.QueryEscape(key), windows) {
					require.Equal(t, key, string(line.Record))
					var w processors.Windowed[string]
					require.NoError(t, (processors.WindowedCodec[string]{Key: codecs.String}).Parse(line.Key, &w))
					require.Equal(t, processors.Windowed[string]{Key: key, Start: line.Start, End: line.End}, w)
					status, body, _ := get(t, base+"/stores/"+store+"/row?key="+url.QueryEscape(string(line.Key)))
					require.Equal(t, http.StatusOK, status, body)
					require.Equal(t, string(line.Value), body)
				}
				late := c.lines(base, store, "?key="+url.QueryEscape(key)+since, windows/2)
				require.GreaterOrEqual(t, late[0].Start, c.at(20).UnixMilli())
			}
		}
	}
	for _, path := range []string{"/stores/tens/row?key=ann", "/stores/clicked/row?key=ann&as_of=1", "/stores/clicked/rows?since=now", "/stores/price/row?key=ann&as_of=2026-01-01"} {
		status, body, _ := get(t, one+path)
		require.Equal(t, http.StatusBadRequest, status, "%s: %s", path, body)
	}
}

// Any instance answers for what held at a time.
func TestAnyInstanceAnswersAsOfATime(t *testing.T) {
	c := newClicks(t)
	app, one, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers}, true)
	_, two, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers}, true)
	const keys = 8
	for k := range keys {
		c.put("prices", fmt.Sprintf("key %d", k), "old", 10)
		c.put("prices", fmt.Sprintf("key %d", k), "new", 30)
	}
	for _, base := range []string{one, two} {
		for _, line := range c.lines(base, "price", "", keys) {
			require.Equal(t, "new", string(line.Value))
		}
		for k := range keys {
			path := fmt.Sprintf("%s/stores/price/row?key=key+%d&as_of=", base, k)
			status, body, head := get(t, path+fmt.Sprint(c.at(29).UnixMilli()))
			require.Equal(t, http.StatusOK, status, body)
			require.Equal(t, "old", body)
			require.Equal(t, fmt.Sprint(c.at(10).UnixMilli()), head.Get("Abacus-Since"))
			require.Equal(t, fmt.Sprint(c.at(30).UnixMilli()), head.Get("Abacus-Until"))
			_, body, head = get(t, path+c.at(30).UTC().Format(time.RFC3339))
			require.Equal(t, "new", body)
			require.Empty(t, head.Get("Abacus-Until"))
			status, _, head = get(t, path+fmt.Sprint(c.at(9).UnixMilli()))
			require.Equal(t, http.StatusNotFound, status)
			require.Equal(t, "key", head.Get("Abacus-Missing"))
		}
	}
	prices, held := query.Keys(c.store(app, "price"), codecs.String, codecs.String), 0
	for k := range keys {
		e, ok, err := prices.GetAsOf(t.Context(), fmt.Sprintf("key %d", k), c.at(35))
		if errors.Is(err, worker.ErrNotHeld) {
			continue
		}
		held++
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, query.Entry[string, string]{Key: fmt.Sprintf("key %d", k), Value: "new", Start: c.at(30).UnixMilli(), End: state.Forever}, e)
	}
	require.Positive(t, held)
}

// Standbys answer for what they can tell; windows that are merged as they are read are asked of their tasks.
func TestStandbysAnswerForWindows(t *testing.T) {
	c := newClicks(t)
	_, one, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers, Standbys: 1}, false)
	_, two, _ := serve(t, c.build(), worker.Config{Brokers: c.brokers, Standbys: 1}, false)
	const keys = 12
	for k := range keys {
		c.put("clicks", fmt.Sprintf("key %d", k), "x", 1, 2, 30)
		c.put("prices", fmt.Sprintf("key %d", k), "old", 10)
		c.put("prices", fmt.Sprintf("key %d", k), "new", 30)
	}
	for _, base := range []string{one, two} {
		require.Eventually(t, func() bool { // once the tasks are shared
			_, body, _ := get(t, base+"/stores/hops/rows?stale=1m")
			return strings.Contains(body, "advertises no address")
		}, 30*time.Second, 20*time.Millisecond)
		c.lines(base, "tens", "?stale=1m", 2*keys)
		for _, line := range c.lines(base, "visits", "?stale=1m", 2*keys) {
			require.Len(t, line.Value, 8)
		}
		c.lines(base, "price", "?stale=1m", keys)
		for k := range keys {
			require.Eventually(t, func() bool {
				_, body, _ := get(t, fmt.Sprintf("%s/stores/price/row?stale=1m&key=key+%d&as_of=%d", base, k, c.at(20).UnixMilli()))
				return body == "old"
			}, 10*time.Second, 20*time.Millisecond)
		}
	}
}
