package replay

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/event"
)

func shopFile(t *testing.T, rows string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.csv")
	require.NoError(t, os.WriteFile(file, []byte("user,arm,spend,bought,past\n"+rows), 0o600))
	return file
}

var shopFlags = []string{"--unit", "user", "--variant", "arm", "--control", "A", "--metric", "spent=mean:spend,covariate=past",
	"--metric", "each=ratio:spent/bought,covariate=past", "--metric", "bought=conversion:bought"}

// The exposure of each row brings its number, in JSON's form; a blank cell brings none, a ratio no events.
func TestCovariatesAreOnExposures(t *testing.T) {
	plan, err := planOf(t, shopFile(t, "u1,A,3,1,+12.50\nu2,B,4,0,\n"), "shop", shopFlags...)
	require.NoError(t, err)
	var lines []string
	require.NoError(t, plan.Events(func(ev *event.Event) error {
		line := string(ev.Type) + " " + string(ev.Unit)
		for _, p := range ev.Props {
			line += " " + string(p.Key) + "=" + string(p.Text)
			require.Equal(t, event.Literal, p.Kind)
		}
		lines = append(lines, line)
		return nil
	}))
	require.Equal(t, []string{"exposure u1 covariate.past=12.50", "spent u1", "bought u1", "exposure u2", "spent u2"}, lines)
	require.NoError(t, plan.Definition.Validate())
	spent, each := plan.Definition.Metrics[0], plan.Definition.Metrics[1]
	require.Equal(t, "covariate.past", spent.Covariate.Prop)
	require.Equal(t, 1, *spent.Covariate.Decimals)
	require.Equal(t, []string{"spent", "bought", ""}, []string{each.Numerator, each.Denominator, each.Event})
}

func TestFaultsOfRatiosAndCovariates(t *testing.T) {
	with := func(metric string) error {
		_, err := planOf(t, shopFile(t, "u1,A,3,1,2\nu2,B,4,0,1\n"), "shop", append(shopFlags, "--metric", metric)...)
		return err
	}
	require.ErrorContains(t, with("x=ratio:spent/gone"), `--metric: x: there is no metric "gone"`)
	require.ErrorContains(t, with("x=ratio:spent/each"), "each is a ratio, want a conversion, count or mean")
	require.ErrorContains(t, with("x=ratio:spent/spent"), "both parts are spent")
	require.ErrorContains(t, with("x=mean:spend,covariate=gone"), `x: no column "gone"`)
	_, err := planOf(t, shopFile(t, "u1,A,3,1,much\nu2,B,4,0,1e99\n"), "shop", shopFlags...)
	require.ErrorContains(t, err, `line 2: past (a covariate): "much" is not a number`)
	require.ErrorContains(t, err, `line 3: past (a covariate): "1e99" is beyond`)
}
