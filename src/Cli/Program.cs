using LoraDrop.Engine;

TorchNative.EnsureLoaded();
return 0;
