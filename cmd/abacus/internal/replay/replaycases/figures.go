package replaycases

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Figures are the known figures of one comparison. Of a conversion X and P are set, of a mean Mean and Var; C is the
// control, T the treatment, Diff is T - C.
type Figures struct {
	NC    int64   `json:"n_c"`
	NT    int64   `json:"n_t"`
	XC    *int64  `json:"x_c"`
	XT    *int64  `json:"x_t"`
	PC    float64 `json:"p_c"`
	PT    float64 `json:"p_t"`
	MeanC float64 `json:"mean_c"`
	MeanT float64 `json:"mean_t"`
	VarC  float64 `json:"var_c"`
	VarT  float64 `json:"var_t"`

	Diff float64 `json:"diff"`
	Rel  float64 `json:"rel"`

	SEPooled float64    `json:"se_pooled"` // conversions: the pooled z test
	ZPooled  float64    `json:"z_pooled"`
	PPooled  float64    `json:"p_pooled"`
	SEWald   float64    `json:"se_wald"` // and the unpooled interval
	CI95     [2]float64 `json:"ci95"`

	SE float64 `json:"se"` // means: Welch
	T  float64 `json:"t"`
	DF float64 `json:"df"`
	P  float64 `json:"p"`

	Theta float64 `json:"theta"` // with a covariate; rel is then relative to the adjusted mean
	Z     float64 `json:"z"`     // ratios

	Control, Treatment struct { // of ratios: var_ratio is the variance of the ratio itself
		Units    int64
		Ratio    float64
		VarRatio float64 `json:"var_ratio"`
	}
}

// Truths is truth.json of the folder of data sets.
type Truths map[string]json.RawMessage

// ReadTruths reads truth.json in folder.
func ReadTruths(folder string) (Truths, error) {
	data, err := os.ReadFile(filepath.Join(folder, "truth.json"))
	if err != nil {
		return nil, fmt.Errorf("read the known figures: %w", err)
	}
	var t Truths
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("truth.json: %w", err)
	}
	return t, nil
}

// Figures returns the figures of the comparison at path.
func (t Truths) Figures(path []string) (Figures, error) {
	var f Figures
	err := t.Into(path, &f)
	return f, err
}

// Into reads what stands at path into target, as encoding/json does.
func (t Truths) Into(path []string, target any) error {
	level := t
	for i, key := range path {
		data, found := level[key]
		if !found {
			return fmt.Errorf("truth.json: no %q", path[:i+1])
		}
		into := target
		if i < len(path)-1 {
			level = Truths{}
			into = &level
		}
		if err := json.Unmarshal(data, into); err != nil {
			return fmt.Errorf("truth.json: %q: %w", path[:i+1], err)
		}
	}
	return nil
}
