// The measurement of the command line beside programs that do less, apart from the product's dependencies.
module github.com/mlpolicy/mlpolicy/deploy/bench

go 1.26.0

require go.yaml.in/yaml/v3 v3.0.6
