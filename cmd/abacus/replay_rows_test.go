package main

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// visits is a file of our own: visitors that come several times, late rows, blank and decimal cells, equal rows, and
// visitors seen in two arms.
type visits struct {
	header string
	rows   []string
	spend  map[string]map[string]*big.Rat // by arm and visitor; those in two arms are in none
	bought map[string]int                 // visitors by arm
	both   int                            // visitors in two arms
}

var visitArgs = []string{"--unit", "visitor", "--variant", "arm", "--control", "old shop", "--time", "at",
	"--metric", "spend=mean:spend", "--metric", "bought=conversion:bought", "--metric", "visits=count:visitor!=", "--metric", "capped=mean:spend,cap=15.5"}

func newVisits(n int) *visits {
	v := &visits{header: "visitor,arm,at,spend,bought", spend: map[string]map[string]*big.Rat{}, bought: map[string]int{}}
	random := rand.New(rand.NewPCG(4, 2))
	arms := []string{"old shop", "new_shop", "new-shop-2"}
	seen, bought, arm := map[string]map[string]bool{}, map[string]bool{}, map[string]string{}
	total := map[string]*big.Rat{}
	for i := range n {
		who := fmt.Sprintf("v%d", random.IntN(n/3+1))
		if arm[who] == "" || random.IntN(40) == 0 {
			arm[who] = arms[random.IntN(3)]
		}
		if seen[who] == nil {
			seen[who], total[who] = map[string]bool{}, new(big.Rat)
		}
		seen[who][arm[who]] = true
		at := time.Date(2025, 3, 1, 0, 0, i/5-random.IntN(40), random.IntN(1000)*1e6, time.UTC)
		spend := ""
		if random.IntN(3) == 0 {
			spend = fmt.Sprintf("%.*f", random.IntN(4), random.ExpFloat64()*12)
			amount, _ := new(big.Rat).SetString(spend)
			total[who].Add(total[who], amount)
		}
		yes := []string{"no", "", "TRUE"}[random.IntN(3)]
		bought[who] = bought[who] || yes == "TRUE"
		row := strings.Join([]string{who, arm[who], at.Format("2006-01-02T15:04:05.000"), spend, yes}, ",")
		v.rows = append(v.rows, row)
		if spend == "" && random.IntN(10) == 0 {
			v.rows = append(v.rows, row) // another visit that looks the same
		}
	}
	for who, in := range seen {
		v.settle(who, in, total[who], bought[who])
	}
	return v
}

// settle puts a visitor where it counts.
func (v *visits) settle(who string, in map[string]bool, total *big.Rat, bought bool) {
	if len(in) > 1 {
		v.both++
		return
	}
	for arm := range in {
		if v.spend[arm] == nil {
			v.spend[arm] = map[string]*big.Rat{}
		}
		v.spend[arm][who] = total
		if bought {
			v.bought[arm]++
		}
	}
}

// file writes the rows, in their order or shuffled.
func (v *visits) file(t *testing.T, shuffled bool) string {
	t.Helper()
	return writeRows(t, v.header, v.rows, shuffled)
}

func writeRows(t *testing.T, header string, rows []string, shuffled bool) string {
	t.Helper()
	rows = slices.Clone(rows)
	if shuffled {
		rand.New(rand.NewPCG(7, 7)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte(header+"\n"+strings.Join(rows, "\n")+"\n"), 0o600))
	return path
}

// moments are the exact sum of the visitors' totals up to a cap, and the mean and variance that follow.
func moments(totals map[string]*big.Rat, most *big.Rat) (sum *big.Rat, mean, variance float64) {
	sum = new(big.Rat)
	squares, n := new(big.Rat), new(big.Rat).SetInt64(int64(len(totals)))
	for _, total := range totals {
		if most != nil && total.Cmp(most) > 0 {
			total = most
		}
		sum.Add(sum, total)
		squares.Add(squares, new(big.Rat).Mul(total, total))
	}
	average := new(big.Rat).Quo(sum, n)
	spread := new(big.Rat).Sub(squares, new(big.Rat).Mul(sum, average))
	spread.Quo(spread, new(big.Rat).Sub(n, big.NewRat(1, 1)))
	mean, _ = average.Float64()
	variance, _ = spread.Float64()
	return sum, mean, variance
}
