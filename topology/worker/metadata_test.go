package worker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The metadata of an offset names the topics that it stands for; that of version 1 its source alone.
func TestANoteTellsTopicsApart(t *testing.T) {
	w := idleWorker(t)
	r := w.running[at(0, 1)]
	ids := map[string][16]byte{}
	for i, def := range r.sub.Stores {
		ids[r.sub.Changelog(def)] = [16]byte{byte(i), 7, 7, 7}
	}
	r.marks = (&topics{ids: ids}).marks(r.sub)
	text := metadata(r, [16]byte{9})
	require.Less(t, len(text), 256)
	n, ok := parseNote(text, r.sub.Name)
	require.True(t, ok)
	require.Equal(t, "CQAAAAAAAAAAAAAAAAAAAA", n.source)
	for topic, id := range ids {
		require.False(t, n.denies(topic, id))
		require.True(t, n.names(topic, id))
		require.False(t, n.names("app-new-changelog", id))
		require.True(t, n.denies(topic, [16]byte{8, 7, 7, 7}))
	}
	require.False(t, n.denies("app-new-changelog", [16]byte{8}), "a store that the topology has gained")
	_, ok = parseNote(text, "other")
	require.False(t, ok)
	part := strings.Split(text, ":")
	before, ok := parseNote("1:"+strings.Join(part[1:4], ":"), r.sub.Name)
	require.True(t, ok)
	require.Equal(t, note{sub: r.sub.Name, source: n.source}, before)
}
