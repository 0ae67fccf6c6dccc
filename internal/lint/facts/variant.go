package facts

// Statements are the words of the facts that annotations, labels and tags may state, as
// mlpolicy.dev/<word>: words of DeploymentFields, and ModelSize.
func Statements() []string {
	return []string{"workload", "stage", "target", "designer", ModelSize}
}

// ModelSize is the word for the size of the only model.
const ModelSize = "model-size"

// Words that can be doubted beside Statements: what anybody may write anywhere without
// any consequence but that it counts here.
const (
	// Labelled is the workload that labels of operators or images of model servers show.
	Labelled = "labelled"
)

// Variant is a deployment without some of the doubted statements of its document, or with its
// scheduling understood in another way. There is one for each way and set of statements that
// can be left out, the smaller sets first, so that whoever judges a deployment together with
// its doubts finds all that could be found if the document stated less.
type Variant struct {
	*Deployment
	Of int // the index of the deployment in Facts.Deployments
}
