variable "scales" {}
resource "azurerm_kubernetes_cluster" "fixed" {
  name = "fixed"
  default_node_pool {
    name       = "default"
    vm_size    = "Standard_NC6s_v3"
    node_count = 3
  }
}
resource "azurerm_kubernetes_cluster" "scaling" {
  name = "scaling"
  default_node_pool {
    name                 = "default"
    vm_size              = "Standard_D4s_v5"
    auto_scaling_enabled = true
    min_count            = 1
    max_count            = 5
  }
}
resource "azurerm_kubernetes_cluster" "unknown" {
  name = "unknown"
  default_node_pool {
    name                 = "default"
    vm_size              = "Standard_D4s_v5"
    auto_scaling_enabled = var.scales
    node_count           = 3
  }
}
resource "azurerm_kubernetes_cluster_node_pool" "spot" {
  name                  = "spot"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.fixed.id
  vm_size               = "Standard_NC6s_v3"
  priority              = "Spot"
  enable_auto_scaling   = true
  min_count             = 0
  max_count             = 3
}
resource "azurerm_machine_learning_synapse_spark" "spark" {
  name = "spark"
}
resource "azurerm_linux_function_app" "score" {
  name = "score"
  tags = { "mlpolicy.dev:stage" = "production" }
}
data "azurerm_kubernetes_cluster" "existing" {
  name = "existing"
}
