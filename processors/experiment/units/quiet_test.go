package units

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdlenessIsInTheScheduleForAMonth(t *testing.T) {
	h := newHarness(t, shop())
	h.pipe(exposed("x", "u1", "A", 0))
	h.idle(30)
	h.pipe(bought("p", "u1", "1", 2), bought("q", "u1", "1", 3))
	h.idle(40)
	h.restart()
	h.forwarded(bought("f", "u1", "1", 4))
	h.commit()
	h.restart()
	h.pipe(bought("r", "u1", "1", 41), bought("s", "u1", "1", 5))
	h.commit()
	quiets := func() (all []Quiet) {
		for key, value := range rowsOf(h) {
			if q, ok, err := ParseQuiet([]byte(key), []byte(value)); ok {
				require.NoError(t, err)
				all = append(all, q)
			}
		}
		return all
	}
	require.ElementsMatch(t, []Quiet{{1, ms(30)}, {3, ms(40)}}, quiets())
	h.idle(35 + 30*24*3600)
	h.pipe(bought("t", "u1", "1", 42))
	h.commit()
	require.ElementsMatch(t, []Quiet{{3, ms(40)}, {6, ms(35 + 30*24*3600)}}, quiets())
	_, _, err := ParseQuiet([]byte("q|12345678"), nil)
	require.ErrorIs(t, err, ErrRow)
}
