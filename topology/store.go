package topology

// Store declares a changelog-backed table of bytes that a processor uses.
type Store struct {
	Name string
	// Windowed stores have a changelog with cleanup compact,delete.
	Windowed bool
	// SourceTopic marks a table whose changelog is the source topic it is read from.
	SourceTopic string
	// History is how long in ms of stream time a versioned table keeps versions that were succeeded: its rows are those of
	// state.Versions. 0: a row is the newest value.
	History int64
	// Memory keeps the store in memory whatever engine the app uses.
	Memory bool
}
