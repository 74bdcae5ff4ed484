package processors_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// foreignModel is the join of two tables as they are.
func foreignModel(ads, prices map[string]string, left bool) map[string]string {
	joined := map[string]string{}
	for key, text := range ads {
		fruit, refers := fruit(key, text)
		price, found := prices[fruit]
		switch {
		case refers && found:
			joined[key] = text + "+" + price
		case left:
			joined[key] = text + "+" + none
		}
	}
	return joined
}

// set changes a table as a record does.
func set(table map[string]string, key, value string) {
	if value == none {
		delete(table, key)
	} else {
		table[key] = value
	}
}

// Whenever all is quiet, what has been forwarded last is the join of the tables, whichever task was
// ahead of which; and no key is deleted that has no result.
func TestJoinForeignAgainstAModel(t *testing.T) {
	for name, left := range map[string]bool{"join-foreign": false, "left-join-foreign": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var b topology.Builder
				topologies[name](&b)
				topo, err := b.Build("app")
				require.NoError(t, err)
				d := topologytest.New(nil, topo, topologytest.Config{Tasks: rapid.IntRange(1, 3).Draw(t, "tasks"), Workers: rapid.IntRange(1, 3).Draw(t, "workers")})
				ads, prices := map[string]string{}, map[string]string{}
				fruits := rapid.SampledFrom([]string{"pear", "plum", "fig", "free"})
				for range rapid.IntRange(1, 5).Draw(t, "batches") {
					for serial := range rapid.IntRange(0, 12).Draw(t, "records") {
						if rapid.Bool().Draw(t, "ad") {
							key, text := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key"), none
							if rapid.IntRange(0, 4).Draw(t, "gone") > 0 {
								text = fmt.Sprint(fruits.Draw(t, "fruit"), " ", serial)
							}
							set(ads, key, text)
							d.Pipe("ads", []byte(key), encode("ads", text))
						} else {
							key, price := fruits.Draw(t, "fruit"), rapid.SampledFrom([]string{"1", "2", none}).Draw(t, "price")
							set(prices, key, price)
							d.Pipe("prices", []byte(key), encode("prices", price))
						}
						disturbAtRandom(t, d)
					}
					d.Run()
					require.Equal(t, foreignModel(ads, prices, left), latest(t, d))
					require.Len(t, d.Rows("offer-foreign"), len(prices)+references(ads), "a row for each price and each ad that refers to one")
				}
			})
		})
	}
}

func references(ads map[string]string) (n int) {
	for key, text := range ads {
		if _, refers := fruit(key, text); refers {
			n++
		}
	}
	return n
}

// latest are the results that stand, without their times.
func latest(t *rapid.T, d *topologytest.Driver) map[string]string {
	standing := map[string]string{}
	for _, r := range d.Records("offers") {
		if r.Value == nil {
			require.Contains(t, standing, string(r.Key), "a tombstone of nothing")
			delete(standing, string(r.Key))
			continue
		}
		standing[string(r.Key)], _, _ = strings.Cut(string(r.Value), "@")
	}
	return standing
}
