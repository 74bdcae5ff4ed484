package verify_test

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// published is the stats topic of an engine without faults.
func (s *story) published() map[string][]byte {
	out := map[string][]byte{}
	for key, rec := range s.verifier().Publish() {
		data, err := result.Codec.Append(nil, rec)
		require.NoError(s.t, err)
		out[key] = data
	}
	return out
}

// fields lists the fields of differences.
func fields(differences []verify.Difference) string {
	var all []string
	for _, d := range differences {
		all = append(all, d.Key+" "+d.Field)
	}
	return strings.Join(all, ", ")
}
