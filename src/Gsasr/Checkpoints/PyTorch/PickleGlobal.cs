namespace Gsasr.Checkpoints.PyTorch;

/// <summary>The importable Python names that a checkpoint may mention; each stands for a fixed piece of this reader.</summary>
internal enum PickleGlobal
{
    OrderedDict,
    RebuildTensor,
    RebuildTensorV2,
    RebuildParameter,
    RebuildParameterWithState,
    FloatStorage,
    DoubleStorage,
    HalfStorage,
    BFloat16Storage,
    LongStorage,
    IntStorage,
    ShortStorage,
    CharStorage,
    ByteStorage,
    BoolStorage,
}
