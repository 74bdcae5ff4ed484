package table

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScreen(t *testing.T) {
	var out bytes.Buffer
	width, height := 100, 30
	s := &Screen{out: &out, size: func() (int, int) { return width, height }}
	draw := func(below ...string) string {
		out.Reset()
		require.NoError(t, s.Draw(shop(), below...))
		text := out.String()
		require.True(t, strings.HasPrefix(text, beginFrame) && strings.HasSuffix(text, endFrame))
		return text
	}
	first := draw("working")
	require.NotContains(t, first, "A\r", "nothing stands there yet")
	require.Contains(t, first, "working"+clearRight+"\n")
	lines := strings.Count(first, "\n")
	require.Equal(t, 25, lines)
	require.Contains(t, draw("working"), "\x1b[25A\r", "back to the first line")
	width = 90
	require.Contains(t, draw(), clearAll, "a new width")
	height = 8
	cut := draw("working")
	require.Equal(t, 7, strings.Count(cut, "\n"))
	require.Contains(t, cut, "… 19 more lines")
	out.Reset()
	require.NoError(t, s.Finish(shop(), "verified"))
	require.NotContains(t, out.String(), "more lines", "the last frame is whole")
	require.Contains(t, out.String(), "\x1b[7A\r")
	require.Contains(t, out.String(), "verified"+clearRight+"\n"+clearBelow+showCursor+endFrame)
	out.Reset()
	require.NoError(t, s.Close())
	require.Equal(t, showCursor, out.String())
}

func TestNoTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "out")
	require.NoError(t, err)
	defer file.Close()
	_, ok := NewScreen(file)
	require.False(t, ok)
}
