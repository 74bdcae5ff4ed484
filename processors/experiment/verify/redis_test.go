package verify_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
)

// hashes is what a mirror makes of the stats topic, as documented.
func (s *story) hashes() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, rec := range s.verifier().Publish() {
		hash := map[string]string{"as_of": fmt.Sprint(rec.AsOf), "config_version": fmt.Sprint(rec.ConfigVersion), "_offset": "4:1234"}
		for variant, n := range rec.Units {
			hash["units."+variant] = fmt.Sprint(n)
		}
		if rec.Split != nil {
			hash["split.verdict"] = rec.Split.Verdict
		}
		for name, m := range rec.Metrics {
			for variant, f := range m.Variants {
				mirrorVariant(hash, variant+"."+name+".", f)
			}
			for variant, f := range m.Comparisons {
				prefix := variant + "." + name + "."
				hash[prefix+"relative"], hash[prefix+"p_always"], hash[prefix+"verdict"] = f.Relative.String(), f.PAlways.String(), f.Verdict
			}
		}
		name := "ab:stats:{" + rec.Experiment + "}"
		if rec.Segment != "" {
			name += ":" + rec.Segment
		}
		if rec.Grain != result.Total {
			name = "ab:window:{" + rec.Experiment + "}:" + rec.Grain
			hash["start"], hash["end"], hash["closed"] = fmt.Sprint(*rec.Start), fmt.Sprint(*rec.End), "true"
			if known := out[name]; known["start"] > hash["start"] {
				continue
			}
		}
		out[name] = hash
	}
	return out
}

func mirrorVariant(hash map[string]string, prefix string, f result.Variant) {
	if f.N != nil {
		hash[prefix+"n"], hash[prefix+"mean"], hash[prefix+"variance"] = fmt.Sprint(*f.N), f.Mean.String(), f.Variance.String()
	} else {
		hash[prefix+"events"], hash[prefix+"rate"] = fmt.Sprint(*f.Events), f.Rate.String()
	}
	hash[prefix+"sum"] = f.Sum
}

func TestVerdictsOfHashesAreCompared(t *testing.T) {
	for until, decided := range map[int64]bool{94_000: true, 95_000: true} {
		s := tell(t, checkout())
		s.in.NeverIdle = true
		s.expose("x", "u", "A", 0).expose("y", "w", "B", 30_000).tick(until)
		hashes := s.hashes()
		require.Equal(t, "collecting", hashes["ab:stats:{checkout}"]["B.bought.verdict"])
		hashes["ab:stats:{checkout}"]["B.bought.verdict"] = "better"
		require.Equal(t, decided, len(s.verifier().CompareHashes(hashes)) > 0, "at %d", until)
	}
}

func TestHashesAgree(t *testing.T) {
	s := busy(t)
	hashes := s.hashes()
	require.Len(t, hashes, 2+4)
	require.Empty(t, s.verifier().CompareHashes(hashes))
	sparse := s.hashes()
	for _, hash := range sparse {
		maps.DeleteFunc(hash, func(_, value string) bool { return value == "null" })
	}
	require.Empty(t, s.verifier().CompareHashes(sparse), "what is not available may be left out")
}

func TestEveryAlteredHashFieldIsReported(t *testing.T) {
	s := busy(t)
	v := s.verifier()
	for key, hash := range s.hashes() {
		for field, value := range hash {
			if field == "_offset" || field == "closed" || strings.Contains(key, "window") && (field == "as_of" || field == "config_version") {
				continue
			}
			faulty := s.hashes()
			faulty[key][field] = "1" + value
			require.NotEmpty(t, v.CompareHashes(faulty), "%s %s", key, field)
		}
	}
}

func TestHashesThatAreMissingOrTooMany(t *testing.T) {
	s := busy(t)
	hashes := s.hashes()
	delete(hashes, "ab:stats:{checkout}")
	hashes["ab:stats:{nobody}"] = map[string]string{"as_of": "1"}
	hashes["ab:else"] = nil
	delete(hashes["ab:stats:{ranker}"], "units.A")
	differences := s.verifier().CompareHashes(hashes)
	require.Equal(t, "ab:else , ab:stats:{nobody} , ab:stats:{ranker} units.A, ab:stats:{checkout} ", fields(differences))
}
