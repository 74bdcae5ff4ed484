// Package structure holds the rules of the house as tests: which package may
// import what, that everything exported is documented, how long a file and how
// wide a package may be.
package structure
