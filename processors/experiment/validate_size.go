package experiment

// Bounds of what an experiment makes, in bytes. A record of one commit's changes must fit a record of Kafka, 1 MiB by default.
const (
	maxRecordBytes = 256 << 10
	maxDeltaBytes  = 900_000
)

// What the parts of a stats record take at most, names aside, and of a delta one metric of a cell.
const (
	recordHead      = 2048
	metricBytes     = 160
	variantBytes    = 320
	comparisonBytes = 1050
	cellMetricBytes = 80

	quantileBytes        = 56   // of a variant
	quantileAgainstBytes = 420  // of a comparison
	cellQuantileBytes    = 1024 // a few bins that change in each of 32 buckets

	adjustedBytes  = 80  // of a comparison
	cellJointBytes = 320 // up to four totals and their products, live and matured
)

// validateSize refuses experiments whose records would be too large to be read all the time.
func (d *Definition) validateSize(f *faults) {
	if size := d.recordBytes(); size > maxRecordBytes {
		f.add("metrics", "%d of %d variants make records of up to %d KiB, want at most %d: fewer of either", len(d.Metrics), len(d.Variants), size>>10, maxRecordBytes>>10)
	}
	cells := len(d.Variants) * (1 + len(d.SegmentNames()))
	if size := cells * d.cellBytes(); len(d.Segments) > 0 && size > maxDeltaBytes {
		f.add("segments", "%d of %d variants and %d metrics change up to %d KiB at once, want at most %d: fewer values", len(d.SegmentNames()), len(d.Variants), len(d.Metrics), size>>10, maxDeltaBytes>>10)
	}
}

// cellBytes is about how much of a cell one commit changes.
func (d *Definition) cellBytes() int {
	size := len(d.Metrics) * cellMetricBytes
	for i := range d.Metrics {
		if d.Metrics[i].Kind == quantiles {
			size += cellQuantileBytes
		}
		if d.Metrics[i].Covariate != nil || d.Metrics[i].Kind == ratio {
			size += cellJointBytes
		}
	}
	return size
}

// recordBytes is the greatest size of the record of a total.
func (d *Definition) recordBytes() int {
	names := 0
	for _, v := range d.Variants {
		names += len(v.Name)
	}
	perMetric := metricBytes + len(d.Variants)*variantBytes + max(0, len(d.Variants)-1)*comparisonBytes + 2*names
	size := recordHead + 6*(names+30*len(d.Variants))
	for i := range d.Metrics {
		size += len(d.Metrics[i].Name) + perMetric
		size += len(d.Metrics[i].Quantiles) * (len(d.Variants)*quantileBytes + max(0, len(d.Variants)-1)*quantileAgainstBytes)
		if d.Metrics[i].Covariate != nil {
			size += max(0, len(d.Variants)-1) * adjustedBytes
		}
	}
	return size
}
