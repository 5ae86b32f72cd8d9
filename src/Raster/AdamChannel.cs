namespace Gsasr.Raster;

/// <summary>How <see cref="AdamOptimizer"/> changes one channel of its parameters.</summary>
/// <param name="LearningRate">About how far a value moves in one step, 0 or more.</param>
/// <param name="Minimum">The least value that a step leaves.</param>
/// <param name="Maximum">The largest value that a step leaves.</param>
/// <param name="IsLogarithmic">Whether the logarithm of the value is what moves; the values are above 0 then.</param>
internal readonly record struct AdamChannel(
    float LearningRate, float Minimum = float.MinValue, float Maximum = float.MaxValue, bool IsLogarithmic = false);
