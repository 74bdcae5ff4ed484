package experiment_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// FuzzParse: no document breaks the parser or the checks, and what is valid survives the registry's JSON.
func FuzzParse(f *testing.F) {
	f.Add([]byte(checkout))
	f.Add([]byte(small + "metrics: [{name: m, kind: mean, event: e, cap: 5e3}]"))
	f.Add([]byte("---\n&a {experiment: a}\n---\nvariants: {[x]: .inf, ? b}\nend: [1]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := experiment.ParseAll(data)
		if err != nil {
			return
		}
		for _, d := range all {
			if d.Validate() != nil {
				continue
			}
			d.Defaults()
			require.NoError(t, d.Validate(), "the defaults are valid")
			text, err := json.Marshal(d)
			require.NoError(t, err)
			var back experiment.Definition
			require.NoError(t, json.Unmarshal(text, &back))
			require.NoError(t, back.Validate())
			again, err := json.Marshal(&back)
			require.NoError(t, err)
			require.Equal(t, string(text), string(again))
		}
	})
}
