using Gsasr.Tensors;

namespace Gsasr.Layers;

/// <summary>The checked arguments of <see cref="Convolution"/>.</summary>
internal readonly record struct ConvolutionArguments(
    Tensor X,
    ConvolutionWeights Weights,
    Tensor Y,
    Activation Activation,
    Tensor? Residual,
    Tensor Bias,
    int FirstRow,
    int FirstColumn,
    int Rows,
    int Columns,
    Tensor? PixelSums);
