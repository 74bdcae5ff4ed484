package result_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
)

func TestKeys(t *testing.T) {
	for key, want := range map[string]result.Key{
		result.TotalKey("checkout-button"):                   {Experiment: "checkout-button", Grain: "total"},
		result.SegmentKey("e", "country", "D=E|x"):           {Experiment: "e", Grain: "total", Segment: "country=D=E|x"},
		result.WindowKey("e", "60s", 1790000040000):          {Experiment: "e", Grain: "60s", Start: 1790000040000},
		result.WindowKey("e", "sliding 60s", -60_000):        {Experiment: "e", Grain: "sliding 60s", Start: -60_000},
		result.SegmentKey("checkout-button", "plan", "free"): {Experiment: "checkout-button", Grain: "total", Segment: "plan=free"},
	} {
		got, err := result.ParseKey(key)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, key, got.String())
	}
	require.Equal(t, "checkout-button|60s|1790000040000", result.WindowKey("checkout-button", "60s", 1790000040000))
	require.Equal(t, "e|total|country=DE", result.SegmentKey("e", "country", "DE"))
	require.Equal(t, "e|total|country=DE", (&result.Record{Experiment: "e", Grain: "total", Segment: "country=DE"}).Key())
}

func TestWhatIsNoKey(t *testing.T) {
	for _, key := range []string{
		"", "e", "e|", "|total", "e|60s", "e|60s|", "e|60s|+5", "e|60s|05", "e|60s|5|6", "e|60s|x", "e|total|", "e|total|5", "e|total|=x",
		"e||5", "e|60s|99999999999999999999",
	} {
		_, err := result.ParseKey(key)
		require.ErrorContains(t, err, "is no key of a stats record", key)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("e|total")
	f.Add("e|60s|5")
	f.Add("e|total|a=b")
	f.Fuzz(func(t *testing.T, key string) {
		if k, err := result.ParseKey(key); err == nil {
			require.Equal(t, key, k.String())
		}
	})
}
