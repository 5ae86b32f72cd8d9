namespace Gsasr.Raster;

/// <summary>How <see cref="AdamOptimizer"/> changes one channel of its parameters.</summary>
/// <param name="LearningRate">About how far a value moves in one step, 0 or more.</param>
/// <param name="Minimum">The least value after a step.</param>
/// <param name="Maximum">The largest value after a step.</param>
/// <param name="IsLogarithmic">Whether the logarithm of the value moves instead of the value, which must then be above 0.</param>
internal readonly record struct AdamChannel(
    float LearningRate, float Minimum = float.MinValue, float Maximum = float.MaxValue, bool IsLogarithmic = false);
