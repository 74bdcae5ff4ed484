package experiment

import (
	"encoding/binary"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
)

// mostTotals is the number of totals of a ratio with a covariate.
const mostTotals = 4

// appendJoint appends the part of a cell: a count, then for each a count metric, a count totals and live and matured sums.
func appendJoint(dst []byte, all []JointSums) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(all)))
	for i := range all {
		totals := max(len(all[i].Live.S), len(all[i].Matured.S), 1)
		dst = binary.AppendUvarint(dst, uint64(all[i].Metric))
		dst = binary.AppendUvarint(dst, uint64(totals))
		dst = appendJointSums(dst, &all[i].Live, totals)
		dst = appendJointSums(dst, &all[i].Matured, totals)
	}
	return dst
}

// appendJointSums appends sums, which have so many totals or none.
func appendJointSums(dst []byte, j *stats.Joint, totals int) []byte {
	dst = binary.AppendVarint(dst, j.N)
	for i := range totals {
		var s stats.Int128
		if i < len(j.S) {
			s = j.S[i]
		}
		dst = appendSum(dst, s)
	}
	for i := range products(totals) {
		var p stats.Int192
		if i < len(j.P) {
			p = j.P[i]
		}
		dst = appendSquares(dst, p)
	}
	return dst
}

func (r *reader) joint(all []JointSums) []JointSums {
	all = resize(all, r.length())
	for i := range all {
		all[i].Metric = r.small()
		totals := r.small()
		if totals < 1 || totals > mostTotals {
			r.fail()
			return all
		}
		r.jointSums(&all[i].Live, totals)
		r.jointSums(&all[i].Matured, totals)
	}
	return all
}

func (r *reader) jointSums(j *stats.Joint, totals int) {
	j.N = r.int()
	j.S, j.P = resize(j.S, totals), resize(j.P, products(totals))
	for i := range j.S {
		j.S[i] = r.sum()
	}
	for i := range j.P {
		j.P[i] = r.squares()
	}
}

// products is how many products of two totals there are, squares included.
func products(totals int) int { return totals * (totals + 1) / 2 }
