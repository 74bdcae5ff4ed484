package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A topic that the app uses is none for dead letters: of a source's bad records each would come back as another.
func TestAsidesAreTopicsOfTheirOwn(t *testing.T) {
	cfg := func(dead, lates string) Config {
		return Config{Brokers: []string{"127.0.0.1:1"}, DeadLetters: dead, Lates: lates}
	}
	for _, c := range []struct{ dead, lates, want string }{
		{"words", "", `Config.DeadLetters is "words", which is a source of app app`},
		{"", "counts", `Config.Lates is "counts", which is a sink of app app`},
		{"both", "both", `Config.Lates is "both", which is the topic of Config.DeadLetters of app app`},
		{"a b", "", `topic of dead letters is "a b"`},
	} {
		_, err := New(counting(t, "app"), cfg(c.dead, c.lates))
		require.ErrorContains(t, err, c.want)
	}
	_, err := New(counting(t, "app"), cfg("", ""))
	require.NoError(t, err)
	_, err = New(nil, cfg("", ""))
	require.ErrorContains(t, err, "no topology")
}
