package task

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// fill adds entries whose values are of these lengths, each of another byte.
func fill(o *Outbox, lengths ...int) {
	for i, n := range lengths {
		o.add(Entry{Value: o.copy(bytes.Repeat([]byte{byte(i)}, n))})
	}
}

func TestOutboxKeepsWhatItWasGiven(t *testing.T) {
	o, lengths := &Outbox{}, []int{10, slabSize, 3, slabSize - 5, 0, 3 * slabSize, 7}
	for range 3 {
		fill(o, lengths...)
		for i, e := range o.Entries() {
			require.Equal(t, bytes.Repeat([]byte{byte(i)}, lengths[i]), e.Value)
			require.Equal(t, len(e.Value), cap(e.Value), "an append to it reaches the next one")
		}
		o.Reset()
	}
	require.Nil(t, o.copy(nil))
	require.NotNil(t, o.copy([]byte{}))
}

// What a commit has filled is filled again by the next one, but for what is beyond measure.
func TestOutboxUsesItsMemoryAgain(t *testing.T) {
	o, value := &Outbox{}, make([]byte, 1000)
	commit := func() {
		for range 10 * slabSize / len(value) {
			o.add(Entry{Value: o.copy(value)})
		}
		o.Reset()
	}
	commit()
	require.Zero(t, testing.AllocsPerRun(10, commit))
	fill(o, slabSize, 100*slabSize)
	for range 2 * slabsKept {
		fill(o, slabSize)
	}
	o.Reset()
	require.Len(t, o.slabs, slabsKept)
	for _, slab := range o.slabs {
		require.Equal(t, slabSize, cap(slab))
	}
}
