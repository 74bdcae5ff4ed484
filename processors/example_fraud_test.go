package processors_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// spree is what a card did in a session: payments at most two minutes apart.
type spree struct {
	Payments  int      `json:"payments"`
	Countries []string `json:"countries"`
}

// with adds countries, each once.
func (s spree) with(countries ...string) spree {
	s.Countries = append(slices.Clone(s.Countries), countries...)
	slices.Sort(s.Countries)
	s.Countries = slices.Compact(s.Countries)
	return s
}

// fraud tells of cards that pay three times or more within a session, in more than one country. A payment that comes
// late may join two sessions that were harmless each.
var fraud = example{
	build: func(b *topology.Builder) {
		payments := topology.From(b, "payments", codecs.String, codecs.String) // card -> country
		sessions := processors.Window(payments, processors.Session{Gap: 2 * time.Minute, Grace: 5 * time.Minute})
		add := func(s spree, _ string, country string) (spree, error) {
			s.Payments++
			return s.with(country), nil
		}
		merge := func(a, b spree) spree {
			a.Payments += b.Payments
			return a.with(b.Countries...)
		}
		sprees := processors.AggregateMerging(sessions, "sprees", codecs.JSON[spree](), add, merge)
		// What replaces a session also deletes it: FlatMap takes no tombstones.
		alerts := processors.FlatMap(sprees, "alerts", func(w processors.Windowed[string], s spree, emit func(card, alert string)) {
			if s.Payments >= 3 && len(s.Countries) > 1 {
				emit(w.Key, fmt.Sprintf("%d payments in %s within %s", s.Payments, strings.Join(s.Countries, " and "), time.Duration(w.End-1-w.Start)*time.Millisecond))
			}
		})
		topology.To(topology.WithCodecs(alerts, codecs.String, codecs.String), "alerts")
	},
	happens: `
		00:00 payments card-1 DE
		00:30 payments card-2 DE
		01:10 payments card-1 DE
		01:40 payments card-2 DE
		04:00 payments card-1 BR
		04:10 payments card-2 DE
		02:30 payments card-1 DE
		05:00 payments card-1 BR`,
}

func Example_fraud() {
	fmt.Print(fraud.run(nil))
	// Output:
	// alerts card-1 4 payments in BR and DE within 4m0s
	// alerts card-1 5 payments in BR and DE within 5m0s
}
